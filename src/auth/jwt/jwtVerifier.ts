import {
  asyncScheduler,
  catchError,
  defer,
  filter,
  first,
  map,
  merge,
  NEVER,
  of,
  switchMap,
  take,
  throwError,
} from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';
import type { JWTPayload } from 'jose';
import type { Uuid } from '../../proto/uuid.js';
import { IdentityError } from '../identity.js';
import type { Identity } from '../identity.js';
import { dueAt$ } from './dueAt.js';
import { identityFromClaims } from './identityFromClaims.js';
import type { IdentityClaims } from './identityFromClaims.js';
import { candidatesOf } from './jwtKeys.js';
import type { JwtKeys } from './jwtKeys.js';
import { readTokenHeader } from './tokenHeader.js';
import { verifiedClaims } from './verifiedClaims.js';

/** A token that was verified, for whoever knows which ones were revoked. */
export interface VerifiedToken {
  /** The peer's id. */
  readonly id: Uuid;
  /** The token's own id (`jti`), if it has one. */
  readonly tokenId: string | undefined;
  /** All that it claims. */
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Finds out who holds a token. Emits once; fails with an {@link IdentityError} when it is not good. */
export type TokenVerifier = (token: string) => Observable<Identity>;

/** Which tokens are good, and what is taken from them. */
export interface JwtVerifierOptions {
  /** What tokens are signed with. */
  readonly keys: JwtKeys;
  /** Tokens must be for one of these (`aud`). Without it, tokens that are for somebody in particular are refused. */
  readonly audience?: string | readonly string[];
  /** Tokens must be from one of these (`iss`). Default: from anybody who has the key. */
  readonly issuer?: string | readonly string[];
  /**
   * How far the clock of an issuer may be ahead of ours: for `nbf` and `iat`. Milliseconds; default 5000. There is none for
   * `exp`: a token expires when it says.
   */
  readonly clockTolerance?: number;
  /** The longest time from `iat` to `exp`, in milliseconds. Default `Infinity`. With a limit, `iat` is required. */
  readonly maxLifetime?: number;
  /** Whether a token must say when it expires (`exp`). Default true. */
  readonly requireExpiry?: boolean;
  /** Where in the claims the identity is, for issuers who call it otherwise. Default: `sub`, `name`, `role`, `agent`. */
  readonly readClaims?: (claims: Readonly<Record<string, unknown>>) => IdentityClaims;
  /**
   * Whether a token was revoked. The first value is waited for before somebody is let in. It is subscribed to again for as
   * long as they are connected, and the first `true` ends the connection. Default: nothing is ever revoked.
   */
  readonly isRevoked$?: (token: VerifiedToken) => Observable<boolean>;
  /** Tells the time and waits. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
}

/**
 * Verifies JSON Web Tokens: `sub` is the peer's id, `name`, `role` (`peer`, the default, `agent`, `client` or
 * `observer`) and, for a client, `agent` say the rest. Who is let in with one is connected for no longer than it is valid: the identity ends with
 * `token expired`, or `token revoked`.
 *
 * Which algorithms are accepted depends on the keys, never on the token: HS256 for a secret; RS256, ES256 and EdDSA for
 * public keys.
 *
 * A token that is not good fails with an {@link IdentityError} of status 401 and one of these messages. None repeats what
 * is in the token.
 *
 * - `token is too long: at most 8192 characters`, `token is not a signed JWT`, `token is encrypted: a signed JWT is
 *   expected`, `token has a type that is not accepted here: it must be JWT`, `token needs an extension ("crit") that is not
 *   known here`
 * - `token must be signed with HS256, RS256, ES256 or EdDSA`, `token is signed with a key that is not known here`, `token
 *   has a wrong signature`
 * - `token expired`, `token has no "exp"`, `token is not valid yet`, `token was issued in the future`, `token has no
 *   "iat"`, `token is valid for too long: at most … s`, `token claim "…" must be a time in seconds since 1970`
 * - `token has the wrong audience`, `token has no "aud"`, `token is for a certain audience, and none is configured here`,
 *   `token has the wrong issuer`, `token has no "iss"`
 * - `token claim "sub" must be the UUID of the peer`, and the like for `name`, `role` and `agent`
 * - `token revoked`
 *
 * When that cannot be found out, status 503: `the keys for tokens cannot be read now`, `it is not known now which tokens
 * were revoked`.
 *
 * @throws RangeError `clockTolerance must be a number of milliseconds, 0 or more, got -1`
 */
export function jwtVerifier({
  keys,
  audience,
  issuer,
  clockTolerance = 5000,
  maxLifetime = Infinity,
  requireExpiry = true,
  readClaims = (claims) => claims,
  isRevoked$ = () => of(false),
  scheduler = asyncScheduler,
}: JwtVerifierOptions): TokenVerifier {
  for (const [name, value] of Object.entries({ clockTolerance, maxLifetime })) {
    if (!(value >= 0))
      throw new RangeError(`${name} must be a number of milliseconds, 0 or more, got ${String(value)}`);
  }
  const rules = {
    ...{ clockTolerance, maxLifetime, requireExpiry },
    ...(audience !== undefined && { audience }),
    ...(issuer !== undefined && { issuer }),
  };

  const identified = (claims: JWTPayload): Observable<Identity> => {
    const identity = identityFromClaims(readClaims(claims));
    const { exp, jti: tokenId } = claims;
    if (tokenId !== undefined && typeof tokenId !== 'string') {
      throw new IdentityError('token claim "jti" must be text', 401);
    }
    const token = { id: identity.id, tokenId, claims };
    const expired$ = exp === undefined ? NEVER : dueAt$(exp * 1000, scheduler);
    const revoked$ = defer(() => isRevoked$(token)).pipe(filter((isRevoked) => isRevoked));
    const ends$ = merge(expired$.pipe(map(() => 'token expired')), revoked$.pipe(map(() => 'token revoked'))).pipe(
      take(1),
    );
    return defer(() => isRevoked$(token)).pipe(
      first(),
      unavailable('it is not known now which tokens were revoked'),
      map((isRevoked) => {
        if (isRevoked) throw new IdentityError('token revoked', 401);
        return { ...identity, ends$ };
      }),
    );
  };

  return (token) =>
    defer(() => {
      const header = readTokenHeader(token);
      return keys.candidates$(header).pipe(map((found) => candidatesOf(found, header)));
    }).pipe(
      unavailable('the keys for tokens cannot be read now'),
      switchMap((candidates) => {
        if (candidates.length === 0) throw new IdentityError('token is signed with a key that is not known here', 401);
        return verifiedClaims(token, candidates, rules, scheduler.now());
      }),
      switchMap(identified),
    );
}

/** Whatever fails is nobody's fault who wants to connect, unless it says so itself. */
function unavailable<T>(message: string): (source$: Observable<T>) => Observable<T> {
  return catchError((cause: unknown) =>
    throwError(() => (cause instanceof IdentityError ? cause : new IdentityError(message, 503, { cause }))),
  );
}
