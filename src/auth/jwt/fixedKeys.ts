import { of } from 'rxjs';
import type { JwtKeys } from './jwtKeys.js';
import { publicKeys, secretKey } from './verificationKey.js';
import type { VerificationKey } from './verificationKey.js';

/**
 * A secret that whoever issues tokens knows, too: for HS256.
 *
 * @throws RangeError `a secret for HS256 must have 32 bytes at least, got 6`
 */
export function jwtSecret(secret: string | Uint8Array): JwtKeys {
  return fixed([secretKey(secret)]);
}

/**
 * Public keys, as PEM, a JWK or a JWK Set, given as text: for RS256, ES256 and EdDSA.
 *
 * @throws TypeError that says what is wrong, such as `there is a private key: …`
 */
export function jwtPublicKey(text: string): JwtKeys {
  return fixed(publicKeys(text));
}

function fixed(keys: readonly VerificationKey[]): JwtKeys {
  return { candidates$: () => of(keys) };
}
