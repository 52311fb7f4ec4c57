import { createPublicKey, createSecretKey } from 'node:crypto';
import type { JsonWebKey, KeyObject } from 'node:crypto';

/** A way to sign. `Ed25519` is the newer name of `EdDSA`, as far as it is understood here. */
export type JwtAlgorithm = 'HS256' | 'RS256' | 'ES256' | 'EdDSA' | 'Ed25519';

/** What a secret may be used for, and what public keys may be used for. */
export const secretAlgorithms: readonly JwtAlgorithm[] = ['HS256'];
export const publicAlgorithms: readonly JwtAlgorithm[] = ['RS256', 'ES256', 'EdDSA', 'Ed25519'];

/** A key that tokens may be verified with. It never prints what it is made of. */
export interface VerificationKey {
  /** The key itself, as `node:crypto` has it. */
  readonly key: KeyObject;
  /** What this kind of key may be used for, and nothing else: or a public key could be taken for a secret. */
  readonly algorithms: readonly JwtAlgorithm[];
  /** Its `kid`, if it has one. A key without is tried for every token that it could have signed. */
  readonly id?: string;
}

/** Fewer bytes can be guessed, given a token and some patience (RFC 7518, 3.2). */
const minSecretLength = 32;

/** Fewer bits can be factored (RFC 7518, 3.3). */
const minModulusLength = 2048;

/**
 * The key of a secret that who issues tokens and who verifies them share; for HS256. Text is taken as UTF-8.
 *
 * @throws RangeError `a secret for HS256 must have 32 bytes at least, got 6`
 */
export function secretKey(secret: string | Uint8Array): VerificationKey {
  const bytes = Buffer.from(secret);
  if (bytes.length < minSecretLength) {
    throw new RangeError(
      `a secret for HS256 must have ${String(minSecretLength)} bytes at least, got ${String(bytes.length)}`,
    );
  }
  return { key: createSecretKey(bytes), algorithms: secretAlgorithms };
}

/**
 * The key of a secret in a file: all its bytes, but for a line break at the end.
 *
 * @throws RangeError `a secret for HS256 must have 32 bytes at least, got 6`
 */
export function secretKeyIn(file: Buffer): VerificationKey {
  const lineBreak = file.at(-1) !== 0x0a ? 0 : file.at(-2) === 0x0d ? 2 : 1;
  return secretKey(file.subarray(0, file.length - lineBreak));
}

/**
 * The public keys in a text: PEM (`PUBLIC KEY`, `RSA PUBLIC KEY` or `CERTIFICATE`, one or several), a JWK or a JWK Set.
 * RSA with 2048 bits or more is for RS256, P-256 for ES256, Ed25519 for EdDSA. What else is in a JWK Set is passed over.
 *
 * @throws TypeError that says what is wrong: no key at all, none that is of use, or a private one, which has no place where
 *   tokens are only verified
 */
export function publicKeys(text: string): readonly VerificationKey[] {
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) return keysOfJson(trimmed);
  if (/-----BEGIN [^-]*PRIVATE KEY-----/.test(trimmed)) throw new TypeError(noPrivateKeys);
  const blocks = trimmed.match(/-----BEGIN [^-]+-----[^]*?-----END [^-]+-----/g);
  if (blocks === null) throw new TypeError('there is no PEM, JWK or JWK Set');
  return blocks.map(keyOfPem);
}

const noPrivateKeys = 'there is a private key: give the public one, and keep the private one where tokens are issued';

function keyOfPem(pem: string): VerificationKey {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new TypeError('there is PEM that holds no public key and no certificate', { cause });
  }
  return verificationKey(key);
}

function keysOfJson(text: string): readonly VerificationKey[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new TypeError('there is JSON that cannot be read', { cause });
  }
  if (isObject(json) && Array.isArray(json['keys'])) {
    const jwks: readonly unknown[] = json['keys'];
    if (jwks.some((jwk) => isObject(jwk) && isPrivate(jwk))) throw new TypeError(noPrivateKeys);
    const keys = jwks.flatMap((jwk) => {
      try {
        return [keyOfJwk(jwk)];
      } catch {
        // A set may hold keys for other purposes, and of kinds yet to come (RFC 7517, 5).
        return [];
      }
    });
    if (keys.length === 0) throw new TypeError(`there is a JWK Set without a key for RS256, ES256 or EdDSA`);
    return keys;
  }
  if (isObject(json) && isPrivate(json)) throw new TypeError(noPrivateKeys);
  return [keyOfJwk(json)];
}

function keyOfJwk(jwk: unknown): VerificationKey {
  if (!isObject(jwk) || typeof jwk['kty'] !== 'string') throw new TypeError('there is JSON that is no JWK');
  const { use, alg, kid, key_ops: operations } = jwk;
  if (jwk['kty'] === 'oct') throw new TypeError('there is a secret, where public keys are expected');
  if (use !== undefined && use !== 'sig') throw new TypeError('there is a JWK that is not for signatures');
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    throw new TypeError('there is a JWK that is not for verifying');
  }
  let key: KeyObject;
  try {
    key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
  } catch (cause) {
    throw new TypeError('there is a JWK that is no public key', { cause });
  }
  const made = verificationKey(key);
  if (alg !== undefined && !made.algorithms.some((algorithm) => algorithm === alg)) {
    throw new TypeError('there is a JWK for another algorithm than RS256, ES256 and EdDSA');
  }
  return typeof kid === 'string' ? { ...made, id: kid } : made;
}

/**
 * What a key of a pair, either half, may be used for.
 *
 * @throws TypeError `there is a key of another kind than RSA, P-256 and Ed25519`, `there is an RSA key with 1024 bits: it
 *   must have 2048 at least`
 */
export function verificationKey(key: KeyObject): VerificationKey {
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'rsa':
      if (modulusLength >= minModulusLength) return { key, algorithms: ['RS256'] };
      throw new TypeError(
        `there is an RSA key with ${String(modulusLength)} bits: it must have ${String(minModulusLength)} at least`,
      );
    case 'ec':
      if (namedCurve === 'prime256v1') return { key, algorithms: ['ES256'] };
      break;
    case 'ed25519':
      return { key, algorithms: ['EdDSA', 'Ed25519'] };
    default:
  }
  throw new TypeError('there is a key of another kind than RSA, P-256 and Ed25519');
}

function isPrivate(jwk: Readonly<Record<string, unknown>>): boolean {
  return jwk['kty'] !== 'oct' && ('d' in jwk || 'priv' in jwk);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
