import { createHash, generateKeyPairSync } from 'node:crypto';
import { nilUuid } from '../../../src/proto/uuid.js';
import { alice, bob } from '../../../src/testing/index.js';
import {
  base64Url,
  edDsa,
  es256,
  good,
  hs256,
  jwkOf,
  keyPairs,
  mint,
  now,
  pemOf,
  rs256,
  secret,
  token,
  type Signer,
} from './mint.js';

/** A token that nobody may be let in with, and why not. */
export interface HostileToken {
  readonly name: string;
  readonly token: string;
  readonly reason: string;
}

const table = (reason: string, tokens: Readonly<Record<string, string>>): readonly HostileToken[] =>
  Object.entries(tokens).map(([name, made]) => ({ name, token: made, reason }));

const notAToken = 'token is not a signed JWT';
const algorithms = 'token must be signed with HS256, RS256, ES256 or EdDSA';
const unknownKey = 'token is signed with a key that is not known here';
const wrongSignature = 'token has a wrong signature';

const unsigned: Signer = () => Buffer.alloc(0);
const someSignature: Signer = () => Buffer.alloc(32, 7);
const attacker = generateKeyPairSync('rsa', { modulusLength: 2048 });
const attackers = { alg: 'RS256', jwk: jwkOf(attacker.publicKey) };
const { rsa, ec, ed } = keyPairs;
const good256 = mint();
const [goodHeader = '', goodPayload = '', goodSignature = ''] = good256.split('.');
const otherLetter = goodSignature.startsWith('A') ? 'B' : 'A';

/** Signed with the secret, and with a time that is none, or that has no JSON of its own in JavaScript. */
const withTime = (claim: string, value: string): string =>
  token(
    { alg: 'HS256' },
    `{"sub":"${alice}","exp":${now + 3600},"${claim}":${value}}`.replace(/"exp":\d+,(?="exp")/, ''),
  );

/** Tokens for whoever verifies with {@link secret} and with nothing else. */
export const hostileToSecret: readonly HostileToken[] = [
  ...table(notAToken, {
    nothing: '.',
    'three times nothing': '..',
    text: 'hello',
    'a number of dots': '.....',
    'one part': goodHeader,
    'two parts': `${goodHeader}.${goodPayload}`,
    'no signature': `${goodHeader}.${goodPayload}.`,
    'four parts': `${good256}.x`,
    'a dot at the end': `${good256}.`,
    'a dot before': `.${good256}`,
    'a space before': ` ${good256}`,
    'a space within': good256.replace('.', ' .'),
    'a line end': `${good256}\n`,
    'a NUL': `${good256}\0`,
    padding: `${good256}=`,
    'base64 that is not for URLs': `${goodHeader}.${goodPayload}.${goodSignature.slice(0, -2)}+/`,
    'letters beyond ASCII': `${good256}é`,
    'digits that only look like some': good256.replace('e', 'е'),
    'bits at the end that say nothing':
      good256.slice(0, -1) + String.fromCharCode(good256.charCodeAt(good256.length - 1) + 1),
    'a header that is no JSON': token('{"alg":"HS256"', good),
    'a header that is a list': token('["HS256"]', good),
    'a header that is null': token('null', good),
    'a header with a mark of the byte order': token('\uFEFF{"alg":"HS256"}', good),
    'a header that is not UTF-8': `${Buffer.from('{"alg":"HS256","x":"\xff"}', 'latin1').toString('base64url')}.${goodPayload}.${goodSignature}`,
    'a header that says two algorithms': token('{"alg":"none","alg":"HS256"}', good),
    'a payload that is no JSON': token({ alg: 'HS256' }, 'sub'),
    'a payload that is a list': token({ alg: 'HS256' }, '[]'),
    'a payload that is text': token({ alg: 'HS256' }, '"sub"'),
    'a payload that is deep': token({ alg: 'HS256' }, '['.repeat(4000)),
    'two subjects': token({ alg: 'HS256' }, `{"sub":"${alice}","exp":${now + 60},"sub":"${bob}"}`),
    'two subjects, one of them with an escape': token(
      { alg: 'HS256' },
      `{"sub":"${alice}","exp":${now + 60},"\\u0073ub":"${bob}"}`,
    ),
    'two times of expiry': token({ alg: 'HS256' }, `{"sub":"${alice}","exp":${now - 60},"exp" : ${now + 60}}`),
    'a kid that is a number': mint({}, { kid: 1 }),
    'a kid that is a list': mint({}, { kid: ['a'] }),
    'a payload that is not encoded': token({ alg: 'HS256', b64: false, crit: ['b64'] }, good),
    'a crit that is empty': mint({}, { crit: [] }),
    'a crit that is no list': mint({}, { crit: 'exp' }),
  }),
  ...table('token is encrypted: a signed JWT is expected', {
    'five parts': `${base64Url({ alg: 'dir', enc: 'A128GCM' })}..AAAA.AAAA.AAAA`,
  }),
  ...table('token is too long: at most 8192 characters', {
    'a megabyte': mint({ name: 'x'.repeat(1_000_000) }),
    'a character more than there may be': 'x'.repeat(8193),
  }),
  ...table('token has a type that is not accepted here: it must be JWT', {
    'a logout token': mint({}, { typ: 'logout+jwt' }),
    'a DPoP proof': mint({}, { typ: 'application/dpop+jwt' }),
    'a type that is a number': mint({}, { typ: 1 }),
    'a type that is null': mint({}, { typ: null }),
  }),
  ...table(algorithms, {
    ...Object.fromEntries(
      [
        'None',
        'NONE',
        'nOnE',
        'none ',
        'None\0',
        '',
        'hs256',
        'HS256 ',
        'HS384',
        'HS512',
        'RS512',
        'PS256',
        'ES384',
        'ES256K',
        'dir',
        'A128KW',
        'RSA1_5',
        '__proto__',
        'constructor',
        'toString',
      ].map((alg) => [`alg ${JSON.stringify(alg)}`, token({ alg }, good, hs256())]),
    ),
    'alg none and a signature': token({ alg: 'none' }, good, someSignature),
    'no alg': token({ typ: 'JWT' }, good),
    'alg null': token({ alg: null }, good),
    'alg as a list': token({ alg: ['HS256'] }, good),
    'alg as an object': token({ alg: { toString: 'HS256' } }, good),
  }),
  ...table(notAToken, { 'alg none and no signature': token({ alg: 'none' }, good, unsigned) }),
  ...table(unknownKey, {
    'RS256, by somebody else': token({ alg: 'RS256' }, good, rs256(attacker.privateKey)),
    ES256: token({ alg: 'ES256' }, good, es256()),
    EdDSA: token({ alg: 'EdDSA' }, good, edDsa()),
    'a key that came with it (jwk)': token(attackers, good, rs256(attacker.privateKey)),
    'a key to be fetched (jku)': token(
      { alg: 'RS256', jku: 'http://127.0.0.1:1/keys' },
      good,
      rs256(attacker.privateKey),
    ),
    'a certificate to be fetched (x5u)': token(
      { alg: 'RS256', x5u: 'http://127.0.0.1:1/cert' },
      good,
      rs256(attacker.privateKey),
    ),
    'a certificate that came with it (x5c)': token({ alg: 'RS256', x5c: ['MIIB'] }, good, rs256(attacker.privateKey)),
  }),
  ...table(wrongSignature, {
    'another secret': token({ alg: 'HS256' }, good, hs256(`${secret}!`)),
    'no secret': token({ alg: 'HS256' }, good, hs256('')),
    'a secret of zeros': token({ alg: 'HS256' }, good, hs256(Buffer.alloc(32))),
    'a signature of nothing': token({ alg: 'HS256' }, good, someSignature),
    'a signature that is cut off': good256.slice(0, -4),
    'one letter of the signature': `${goodHeader}.${goodPayload}.${otherLetter}${goodSignature.slice(1)}`,
    'another payload': `${goodHeader}.${base64Url({ ...good, sub: bob })}.${goodSignature}`,
    'another header': `${base64Url({ alg: 'HS256', typ: 'JWT' })}.${goodPayload}.${goodSignature}`,
    'a hash in place of the signature': token({ alg: 'HS256' }, good, (input) =>
      createHash('sha256').update(input).digest(),
    ),
    'a kid that is a path': token({ alg: 'HS256', kid: '../../../../../../dev/null' }, good, hs256('')),
    'a kid that is SQL': token({ alg: 'HS256', kid: "x' UNION SELECT 'aaa" }, good, hs256('aaa')),
    'a kid that is a command': token({ alg: 'HS256', kid: 'key; touch /tmp/owned' }, good, hs256('')),
    'a key that came with it': token(
      { alg: 'HS256', jwk: { kty: 'oct', k: base64Url('x'.repeat(32)) } },
      good,
      hs256('x'.repeat(32)),
    ),
  }),
  ...table('token needs an extension ("crit") that is not known here', {
    'an extension': mint({}, { crit: ['http://example.com/ext'], 'http://example.com/ext': 1 }),
    'a claim as an extension': mint({}, { crit: ['exp'], exp: now + 60 }),
  }),
  ...table('token expired', {
    'an hour ago': mint({ exp: now - 3600 }),
    'a second ago': mint({ exp: now - 1 }),
    now: mint({ exp: now }),
    'half a second ago': mint({ exp: now - 0.5 }),
    'at the beginning of time': mint({ exp: 0 }),
    'before time began': mint({ exp: -1 }),
  }),
  ...table('token has no "exp"', { 'no expiry': token({ alg: 'HS256' }, { sub: alice }) }),
  ...table('token claim "exp" must be a time in seconds since 1970', {
    'expiry as text': mint({ exp: String(now + 60) }),
    'expiry as a date': mint({ exp: '2099-01-01T00:00:00Z' }),
    'expiry null': mint({ exp: null }),
    'expiry true': mint({ exp: true }),
    'expiry as a list': mint({ exp: [now + 60] }),
    'expiry in milliseconds': mint({ exp: (now + 60) * 1000 }),
    'expiry beyond all numbers': withTime('exp', '1e999'),
    'expiry at a large number': withTime('exp', '1e300'),
  }),
  ...table('token is not valid yet', {
    'in an hour': mint({ nbf: now + 3600 }),
    'in a little more than the tolerance': mint({ nbf: now + 6 }),
    never: withTime('nbf', '1e999'),
  }),
  ...table('token claim "nbf" must be a time in seconds since 1970', { 'a beginning as text': mint({ nbf: '0' }) }),
  ...table('token was issued in the future', {
    'issued in an hour': mint({ iat: now + 3600 }),
    'issued never': withTime('iat', '1e999'),
  }),
  ...table('token claim "iat" must be a time in seconds since 1970', {
    'issued at a text': mint({ iat: 'today' }),
    'issued null': mint({ iat: null }),
  }),
  ...table('token is for a certain audience, and none is configured here', {
    'for somebody': mint({ aud: 'somebody' }),
    'for a list': mint({ aud: ['somebody'] }),
    'for nobody': mint({ aud: null }),
  }),
  ...table('token claim "sub" must be the UUID of the peer', {
    'no subject': mint({ sub: undefined }),
    'a subject that is null': mint({ sub: null }),
    'a subject that is empty': mint({ sub: '' }),
    'a subject that is a name': mint({ sub: 'alice' }),
    'a subject that is a number': mint({ sub: 1 }),
    'a subject that is a list': mint({ sub: [alice] }),
    'a subject that is an object': mint({ sub: { id: alice } }),
    'a subject with something behind it': mint({ sub: `${alice}\n` }),
    'a subject with SQL behind it': mint({ sub: `${alice}'; drop table tailnet_peers; --` }),
    'a subject in braces': mint({ sub: `{${alice}}` }),
    'a subject in another prototype': token({ alg: 'HS256' }, `{"exp":${now + 60},"__proto__":{"sub":"${alice}"}}`),
  }),
  ...table('token claim "sub" must not be the nil UUID', { 'the nil UUID': mint({ sub: nilUuid }) }),
  ...table('token claim "role" must be peer, agent, client or observer', {
    'an unknown role': mint({ role: 'admin' }),
    'a role that is empty': mint({ role: '' }),
    'a role that is null': mint({ role: null }),
    'a role in capitals': mint({ role: 'Peer' }),
    'several roles': mint({ role: ['peer'] }),
    'a role beside that of an observer': mint({ role: 'observer peer' }),
    'a role that objects have': mint({ role: 'constructor' }),
  }),
  ...table('token claim "agent" must be the UUID of the agent to talk to, with the role client', {
    'a client of nobody': mint({ role: 'client' }),
    'a client of null': mint({ role: 'client', agent: null }),
    'a client of all': mint({ role: 'client', agent: '*' }),
    'a client of several': mint({ role: 'client', agent: [bob] }),
  }),
  ...table('token claim "agent" must not be the nil UUID', {
    'a client of the nil UUID': mint({ role: 'client', agent: nilUuid }),
  }),
  ...table('token claim "agent" is accepted with the role client only', {
    'a peer with an agent': mint({ agent: bob }),
    'an observer with an agent': mint({ role: 'observer', agent: bob }),
    'a peer with no agent, said so': mint({ agent: null }),
  }),
  ...table('token claim "agent" must be left out or equal to "sub" with the role agent', {
    'an agent that is another': mint({ role: 'agent', agent: bob }),
    'an agent that is a list': mint({ role: 'agent', agent: [alice] }),
  }),
  ...table('token claim "name" must be text of 128 characters at most, without control characters', {
    'a long name': mint({ name: 'x'.repeat(129) }),
    'a name with a NUL': mint({ name: 'a\0b' }),
    'a name with a line end': mint({ name: 'a\n{"level":60}' }),
    'a name for a terminal': mint({ name: '\u001b[2Jall is well' }),
    'a name that turns text around': mint({ name: 'a\u202eb' }),
    'half a character': mint({ name: '\ud800' }),
    'a name that is a number': mint({ name: 7 }),
    'a name that is null': mint({ name: null }),
    'several names': mint({ name: ['a'] }),
  }),
  ...table('token claim "jti" must be text', {
    'an id that is a number': mint({ jti: 7 }),
    'an id that is null': mint({ jti: null }),
  }),
];

/** Tokens for whoever verifies with the public keys of {@link keyPairs} and with nothing else. */
export const hostileToPublicKeys: readonly HostileToken[] = [
  ...table(unknownKey, {
    'HS256 with the RSA key as PEM': token({ alg: 'HS256' }, good, hs256(pemOf(rsa.publicKey))),
    'HS256 with the RSA key as PEM, trimmed': token({ alg: 'HS256' }, good, hs256(pemOf(rsa.publicKey).trim())),
    'HS256 with the RSA key as DER': token(
      { alg: 'HS256' },
      good,
      hs256(rsa.publicKey.export({ type: 'spki', format: 'der' })),
    ),
    'HS256 with the modulus': token(
      { alg: 'HS256' },
      good,
      hs256(Buffer.from(String(jwkOf(rsa.publicKey)['n']), 'base64url')),
    ),
    'HS256 with the Ed25519 key': token(
      { alg: 'HS256' },
      good,
      hs256(Buffer.from(String(jwkOf(ed.publicKey)['x']), 'base64url')),
    ),
    'HS256 with the P-256 key as JSON': token({ alg: 'HS256' }, good, hs256(JSON.stringify(jwkOf(ec.publicKey)))),
  }),
  ...table(wrongSignature, {
    'RS256 by somebody else': token({ alg: 'RS256' }, good, rs256(attacker.privateKey)),
    'RS256 by somebody else, whose key came with it': token(attackers, good, rs256(attacker.privateKey)),
    'RS256 by the key for ES256': token({ alg: 'RS256' }, good, es256()),
    'ES256 by the key for RS256': token({ alg: 'ES256' }, good, rs256()),
    'ES256 with zeros (CVE-2022-21449)': token({ alg: 'ES256' }, good, () => Buffer.alloc(64)),
    'ES256 in DER': token({ alg: 'ES256' }, good, (input) => Buffer.concat([Buffer.of(0x30), es256()(input)])),
    'EdDSA with zeros': token({ alg: 'EdDSA' }, good, () => Buffer.alloc(64)),
    'EdDSA by the key for ES256': token({ alg: 'EdDSA' }, good, es256()),
  }),
  ...table(algorithms, {
    'alg none': token({ alg: 'none' }, good, rs256()),
    PS256: token({ alg: 'PS256' }, good, rs256()),
    RS512: token({ alg: 'RS512' }, good, rs256()),
  }),
  ...table('token expired', { 'RS256, a second ago': token({ alg: 'RS256' }, { ...good, exp: now - 1 }, rs256()) }),
];
