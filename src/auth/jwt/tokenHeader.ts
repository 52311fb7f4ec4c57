import { IdentityError } from '../identity.js';
import { namesTwice } from './namesTwice.js';
import { publicAlgorithms, secretAlgorithms } from './verificationKey.js';
import type { JwtAlgorithm } from './verificationKey.js';

/** Characters of the longest token that is looked at. HTTP headers end at 16 KiB, all of them together. */
const maxTokenLength = 8192;

/** What a token says about how it was signed. Nothing of it is proven. */
export interface TokenHeader {
  /** `alg`: how it claims to be signed. */
  readonly algorithm: JwtAlgorithm;
  /** `kid`: with which key, if it says so. */
  readonly keyId?: string;
}

const algorithms: readonly unknown[] = [...secretAlgorithms, ...publicAlgorithms];

/** Some issuers sign tokens of other types, which mean something else, with the same keys (RFC 8725, 3.11). */
const types: readonly unknown[] = [undefined, 'jwt', 'at+jwt'];

/**
 * Reads the header of a token, which needs no key. Where a key might be found, as a header may say (`jku`, `jwk`, `x5u`,
 * `x5c`), is not looked at: keys come from the configuration.
 *
 * @throws IdentityError status 401: `token is too long: at most 8192 characters`, `token is not a signed JWT`,
 *   `token is encrypted: a signed JWT is expected`, `token has a type that is not accepted here: it must be JWT`,
 *   `token must be signed with HS256, RS256, ES256 or EdDSA`
 */
export function readTokenHeader(token: string): TokenHeader {
  if (token.length > maxTokenLength) {
    throw new IdentityError(`token is too long: at most ${String(maxTokenLength)} characters`, 401);
  }
  const [header = '', payload = '', signature = '', ...more] = token.split('.');
  if (more.length === 2) throw new IdentityError('token is encrypted: a signed JWT is expected', 401);
  if (more.length > 0 || !isBase64Url(signature)) throw notAToken();
  const { typ: type, alg: algorithm, kid: keyId } = readPart(header);
  // What it claims is judged once the signature was. But one that two readers may read differently is no token at all.
  readPart(payload);
  if (!types.includes(typeof type === 'string' ? type.toLowerCase().replace(/^application\//, '') : type)) {
    throw new IdentityError('token has a type that is not accepted here: it must be JWT', 401);
  }
  if (!isAlgorithm(algorithm)) throw new IdentityError('token must be signed with HS256, RS256, ES256 or EdDSA', 401);
  if (keyId === undefined) return { algorithm };
  if (typeof keyId !== 'string') throw notAToken();
  return { algorithm, keyId };
}

/** What somebody gets who sent anything but three parts in base64url, with dots between. */
export function notAToken(): IdentityError {
  return new IdentityError('token is not a signed JWT', 401);
}

function isAlgorithm(value: unknown): value is JwtAlgorithm {
  return algorithms.includes(value);
}

/** One text for the same bytes: decoders look over spaces, padding, and bits at the end that say nothing. */
function isBase64Url(part: string): boolean {
  return part !== '' && Buffer.from(part, 'base64url').toString('base64url') === part;
}

function readPart(part: string): Readonly<Record<string, unknown>> {
  if (!isBase64Url(part)) throw notAToken();
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(part, 'base64url'));
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && !Array.isArray(json) && !namesTwice(text)) return { ...json };
  } catch {
    // Neither UTF-8 nor JSON: no more than that has to be said of it.
  }
  throw notAToken();
}
