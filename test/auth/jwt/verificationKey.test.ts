import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { publicKeys, secretKey, secretKeyIn } from '../../../src/auth/jwt/verificationKey.js';
import { jwkOf, keyPairs, pemOf, secret } from './mint.js';

const { rsa, ec, ed } = keyPairs;
const privatePem = ed.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const ecPem = `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${ec.privateKey.export({ type: 'sec1', format: 'pem' }).toString()}`;
const rsa1024 = generateKeyPairSync('rsa', { modulusLength: 1024 });
const rsaPss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const x25519 = generateKeyPairSync('x25519');

/** Of an Ed25519 key that nobody has any more; valid until 2126. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBODCB66ADAgECAhQmRufMactrkAg3hRaFJwwkZV4MVzAFBgMrZXAwETEPMA0G
A1UEAwwGaXNzdWVyMCAXDTI2MTEyNjE3MzYwM1oYDzIxMjYxMTAyMTczNjAzWjAR
MQ8wDQYDVQQDDAZpc3N1ZXIwKjAFBgMrZXADIQD7wcqF1Znr7nPEiBrNKUjf1DLE
QLQTHdJhj189IQGKvqNTMFEwHQYDVR0OBBYEFJJBZMCc5OgTtslfoqi+6DM177LZ
MB8GA1UdIwQYMBaAFJJBZMCc5OgTtslfoqi+6DM177LZMA8GA1UdEwEB/wQFMAMB
Af8wBQYDK2VwA0EAjmug1FI7wDroZUNCtmuz+uGPB5ibzXa+EJ8C7ZcO5cPnPJxV
XXwReRwDpRE//IvEADtHNUI5MOHplPg92UhvBA==
-----END CERTIFICATE-----
`;

const describeKeys = (text: string): readonly string[] =>
  publicKeys(text).map(({ algorithms, id = '' }) => `${algorithms.join('/')} ${id}`.trim());

describe('publicKeys', () => {
  const jwk = (key = ed.publicKey, more: object = {}) => JSON.stringify(jwkOf(key, more));
  const jwks = (...keys: readonly unknown[]) => JSON.stringify({ keys });

  const readable: readonly (readonly [name: string, text: string, keys: readonly string[]])[] = [
    ['RSA as PEM', pemOf(rsa.publicKey), ['RS256']],
    ['RSA as older PEM', rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString(), ['RS256']],
    ['P-256 as PEM', pemOf(ec.publicKey), ['ES256']],
    ['Ed25519 as PEM', pemOf(ed.publicKey), ['EdDSA/Ed25519']],
    ['a certificate', certificate, ['EdDSA/Ed25519']],
    [
      'PEM with words and other line ends around it',
      `key:\r\n${pemOf(ec.publicKey).replaceAll('\n', '\r\n')}\r\n.`,
      ['ES256'],
    ],
    ['several keys as PEM', pemOf(ed.publicKey) + pemOf(rsa.publicKey), ['EdDSA/Ed25519', 'RS256']],
    ['a JWK', jwk(), ['EdDSA/Ed25519']],
    [
      'a JWK with a name',
      ` ${jwk(rsa.publicKey, { kid: '2027', use: 'sig', alg: 'RS256', key_ops: ['verify'] })}\n`,
      ['RS256 2027'],
    ],
    ['a JWK with the newer name of its algorithm', jwk(ed.publicKey, { alg: 'Ed25519' }), ['EdDSA/Ed25519']],
    [
      'a JWK Set',
      jwks(jwkOf(ec.publicKey, { kid: 'a' }), jwkOf(ed.publicKey, { kid: 'b' })),
      ['ES256 a', 'EdDSA/Ed25519 b'],
    ],
    [
      'a JWK Set with much that is of no use',
      jwks(
        null,
        'key',
        {},
        { kty: 'RSA' },
        { kty: 'OKP', crv: 'Ed25519', x: 7 },
        { kty: 'oct', k: 'c2VjcmV0' },
        { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA' },
        jwkOf(rsa1024.publicKey),
        jwkOf(p384.publicKey),
        jwkOf(x25519.publicKey),
        jwkOf(rsa.publicKey, { use: 'enc' }),
        jwkOf(rsa.publicKey, { alg: 'PS256' }),
        jwkOf(rsa.publicKey, { key_ops: ['encrypt'] }),
        jwkOf(ec.publicKey, { kid: 7 }),
      ),
      ['ES256'],
    ],
  ];
  for (const [name, text, keys] of readable) {
    it(`reads ${name}`, () => {
      expect(describeKeys(text)).to.deep.equal(keys);
    });
  }

  const noPrivateKeys = /^there is a private key: give the public one/;
  const unreadable: readonly (readonly [name: string, text: string, problem: RegExp])[] = [
    ['nothing', '', /^there is no PEM, JWK or JWK Set$/],
    ['a secret', secret, /^there is no PEM, JWK or JWK Set$/],
    ['half a PEM', pemOf(ed.publicKey).slice(0, 60), /^there is no PEM, JWK or JWK Set$/],
    [
      'PEM with nothing in it',
      '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----',
      /^there is PEM that holds no public key/,
    ],
    [
      'PEM of something else',
      '-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----',
      /^there is PEM that holds no/,
    ],
    ['a private key', privatePem, noPrivateKeys],
    ['an older private key', rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(), noPrivateKeys],
    ['a private key behind a public one', pemOf(ed.publicKey) + privatePem, noPrivateKeys],
    ['a private key for P-256, as openssl writes it', ecPem, noPrivateKeys],
    ['a private JWK', JSON.stringify(jwkOf(ed.privateKey)), noPrivateKeys],
    ['a JWK Set with a private key', jwks(jwkOf(ed.publicKey), jwkOf(rsa.privateKey)), noPrivateKeys],
    ['a small RSA key', pemOf(rsa1024.publicKey), /^there is an RSA key with 1024 bits: it must have 2048 at least$/],
    ['a key for RSA-PSS', pemOf(rsaPss.publicKey), /^there is a key of another kind than RSA, P-256 and Ed25519$/],
    ['P-384', pemOf(p384.publicKey), /^there is a key of another kind/],
    ['X25519', pemOf(x25519.publicKey), /^there is a key of another kind/],
    ['JSON that is cut off', '{"keys":[', /^there is JSON that cannot be read$/],
    ['JSON that is no key', '{"kty":7}', /^there is JSON that is no JWK$/],
    ['a secret as a JWK', '{"kty":"oct","k":"c2VjcmV0"}', /^there is a secret, where public keys are expected$/],
    ['a JWK to encrypt with', jwk(rsa.publicKey, { use: 'enc' }), /^there is a JWK that is not for signatures$/],
    ['a JWK to sign with', jwk(rsa.publicKey, { key_ops: ['sign'] }), /^there is a JWK that is not for verifying$/],
    ['a JWK for another algorithm', jwk(rsa.publicKey, { alg: 'HS256' }), /^there is a JWK for another algorithm/],
    ['a JWK that is no key', '{"kty":"RSA","n":"AA"}', /^there is a JWK that is no public key$/],
    ['an empty JWK Set', jwks(), /^there is a JWK Set without a key for RS256, ES256 or EdDSA$/],
  ];
  for (const [name, text, problem] of unreadable) {
    it(`refuses ${name}, and says why`, () => {
      expect(() => publicKeys(text)).to.throw(TypeError, problem);
    });
  }
});

describe('secretKey', () => {
  it('wants 32 bytes, and says so without repeating them', () => {
    expect(() => secretKey('hunter2')).to.throw(RangeError, 'a secret for HS256 must have 32 bytes at least, got 7');
    expect(() => secretKey(Buffer.alloc(31))).to.throw(RangeError, 'got 31');
    expect(secretKey('é'.repeat(16)).algorithms).to.deep.equal(['HS256']);
  });

  it('keeps what it is made of to itself', () => {
    const key = secretKey(secret);
    for (const shown of [inspect(key, { depth: null, showHidden: true }), JSON.stringify(key)]) {
      expect(shown).not.to.contain(secret);
    }
  });

  it('takes all of a file but the line break at its end', () => {
    const bytes = Buffer.from(`${secret}\n`);
    for (const [file, expected] of [
      [`${secret}\n`, secret],
      [`${secret}\r\n`, secret],
      [secret, secret],
      [`${secret}\n\n`, `${secret}\n`],
      [`${secret} `, `${secret} `],
      [`\n${secret}`, `\n${secret}`],
    ] as const) {
      expect(secretKeyIn(Buffer.from(file)).key.export()).to.deep.equal(Buffer.from(expected));
    }
    expect(() => secretKeyIn(bytes.subarray(2))).to.throw(RangeError, 'got 30');
  });
});
