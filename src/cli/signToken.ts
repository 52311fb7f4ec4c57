import { createPrivateKey, randomUUID, type JsonWebKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { SignJWT } from 'jose';
import { identityFromClaims } from '../auth/jwt/identityFromClaims.js';
import {
  secretKey,
  secretKeyIn,
  verificationKey,
  type JwtAlgorithm,
  type VerificationKey,
} from '../auth/jwt/verificationKey.js';
import { errorText } from './errorText.js';
import { UsageError } from './usageError.js';

/** Where the key is that a token is signed with. */
export interface SigningSource {
  readonly source: 'jwtSecret' | 'jwtSecretFile' | 'jwtPrivateKeyFile';
  readonly value: string;
}

/** What a token says. What is undefined is left out. */
export interface TokenClaims {
  readonly sub: string;
  readonly name: string | undefined;
  readonly role: string;
  readonly agent: string | undefined;
  readonly aud: string | undefined;
  readonly iss: string | undefined;
}

/**
 * A token with these claims, an id of its own (`jti`), and so many seconds to live.
 *
 * @throws UsageError when the key or the claims will not do
 */
export async function signToken(from: SigningSource, claims: TokenClaims, lifetime: number): Promise<string> {
  const { key, algorithms, id } = await signingKey(from);
  const [alg = 'HS256'] = algorithms;
  const given = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
  try {
    identityFromClaims(given);
  } catch (cause) {
    throw new UsageError(errorText(cause), { cause });
  }
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ ...given, jti: randomUUID(), iat: now, exp: now + lifetime })
    .setProtectedHeader({ alg: alg satisfies JwtAlgorithm, typ: 'JWT', ...(id !== undefined && { kid: id }) })
    .sign(key);
}

async function signingKey({ source, value }: SigningSource): Promise<VerificationKey> {
  const option = source.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  try {
    if (source === 'jwtSecret') return secretKey(value);
    const file = await readFile(value);
    return source === 'jwtSecretFile' ? secretKeyIn(file) : privateKeyIn(file.toString('utf8').trim());
  } catch (cause) {
    throw new UsageError(`option '--${option}': ${errorText(cause)}`, { cause });
  }
}

function privateKeyIn(text: string): VerificationKey {
  let key: KeyObject;
  let id: unknown;
  try {
    const jwk = text.startsWith('{') ? (JSON.parse(text) as JsonWebKey) : undefined;
    id = jwk?.['kid'];
    key = createPrivateKey(jwk ? { key: jwk, format: 'jwk' } : text);
  } catch (cause) {
    throw new TypeError('there is no private key in PEM without a passphrase, or as a JWK', { cause });
  }
  return { ...verificationKey(key), ...(typeof id === 'string' && { id }) };
}
