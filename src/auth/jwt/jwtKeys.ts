import type { Observable } from 'rxjs';
import type { TokenHeader } from './tokenHeader.js';
import type { VerificationKey } from './verificationKey.js';

/**
 * Where the keys come from that tokens are verified with: `jwtSecret`, `jwtPublicKey`, `jwtSecretFile`, `jwtKeyFile`,
 * `jwksUrl`, or something of your own.
 */
export interface JwtKeys {
  /**
   * Emits once: the keys that may have signed a token with this header, and others, if you like, which are passed over;
   * none if there is none. Fails when they cannot be had now, which the client is told as 503, or, with an
   * `IdentityError`, in words of your own.
   */
  readonly candidates$: (header: TokenHeader) => Observable<readonly VerificationKey[]>;
}

/** Keys that are read from elsewhere, when they are needed, and kept. */
export interface RefreshableKeys extends JwtKeys {
  /** Reads them now, and emits all of them; fails when they cannot be read and never were. To know at the start. */
  readonly refreshed$: Observable<readonly VerificationKey[]>;
}

/** Those of the keys that may have signed a token with this header: of a kind that signs like that, and with this name. */
export function candidatesOf(
  keys: readonly VerificationKey[],
  { algorithm, keyId }: TokenHeader,
): readonly VerificationKey[] {
  return keys.filter(
    ({ algorithms, id }) => algorithms.includes(algorithm) && (id === undefined || keyId === undefined || id === keyId),
  );
}
