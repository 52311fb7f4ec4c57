import { errors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import { IdentityError } from '../identity.js';
import { notAToken } from './tokenHeader.js';
import type { VerificationKey } from './verificationKey.js';

/** What a token must claim, besides who holds it. */
export interface ClaimRules {
  /** A token must be for one of these. */
  readonly audience?: string | readonly string[];
  /** A token must be from one of these. */
  readonly issuer?: string | readonly string[];
  /** How far the clock of an issuer may be ahead of ours, in milliseconds: for `nbf` and `iat`. */
  readonly clockTolerance: number;
  /** From `iat` to `exp`, in milliseconds. */
  readonly maxLifetime: number;
  readonly requireExpiry: boolean;
}

/** The last second of the year 9999. What is later is no time in seconds, but in milliseconds, or a joke. */
const endOfTime = 253_402_300_799;

/**
 * What a token claims, once its signature is proven to be by one of these keys, and its claims are as the rules say.
 * Rejects with an IdentityError with status 401, whose message is one of those of `jwtVerifier`.
 *
 * @param now milliseconds since 1970
 */
export async function verifiedClaims(
  token: string,
  keys: readonly VerificationKey[],
  rules: ClaimRules,
  now: number,
): Promise<JWTPayload> {
  for (const key of keys) {
    const payload = await payloadSignedBy(token, key, rules, now);
    if (payload === undefined) continue;
    checkTimes(payload, rules, now / 1000);
    if (payload.aud !== undefined && rules.audience === undefined) {
      // Who is not among those a token is for must refuse it (RFC 7519, 4.1.3).
      throw new IdentityError('token is for a certain audience, and none is configured here', 401);
    }
    return payload;
  }
  throw new IdentityError('token has a wrong signature', 401);
}

/** The payload; undefined if this key did not sign it. */
async function payloadSignedBy(
  token: string,
  { key, algorithms }: VerificationKey,
  { audience, issuer, clockTolerance, requireExpiry }: ClaimRules,
  now: number,
): Promise<JWTPayload | undefined> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [...algorithms],
      currentDate: new Date(now),
      clockTolerance: clockTolerance / 1000,
      requiredClaims: requireExpiry ? ['exp'] : [],
      ...(audience !== undefined && { audience: listOf(audience) }),
      ...(issuer !== undefined && { issuer: listOf(issuer) }),
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) return undefined;
    throw refusalFor(error);
  }
}

/** What `jose` leaves open: how late may be, and when a token began. */
function checkTimes(
  { exp, iat }: JWTPayload,
  { clockTolerance, maxLifetime }: Pick<ClaimRules, 'clockTolerance' | 'maxLifetime'>,
  now: number,
): void {
  if (exp !== undefined) {
    if (exp > endOfTime) throw wrongTime('exp');
    if (exp <= now) throw new IdentityError('token expired', 401);
  }
  if (iat !== undefined && iat > now + clockTolerance / 1000) {
    throw new IdentityError('token was issued in the future', 401);
  }
  if (maxLifetime === Infinity) return;
  if (iat === undefined) throw new IdentityError('token has no "iat"', 401);
  if (exp === undefined || (exp - iat) * 1000 > maxLifetime) {
    throw new IdentityError(`token is valid for too long: at most ${String(maxLifetime / 1000)} s`, 401);
  }
}

function refusalFor(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return new IdentityError('token expired', 401);
  if (error instanceof errors.JWTClaimValidationFailed) return refusalOfClaim(error);
  if (error instanceof errors.JOSENotSupported) {
    return new IdentityError('token needs an extension ("crit") that is not known here', 401);
  }
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) return notAToken();
  return error;
}

function refusalOfClaim({ claim, reason }: errors.JWTClaimValidationFailed): IdentityError {
  if (reason === 'missing') return new IdentityError(`token has no "${claim}"`, 401);
  if (reason === 'invalid') return wrongTime(claim);
  switch (claim) {
    case 'nbf':
      return new IdentityError('token is not valid yet', 401);
    case 'aud':
      return new IdentityError('token has the wrong audience', 401);
    default:
      return new IdentityError('token has the wrong issuer', 401);
  }
}

function wrongTime(claim: string): IdentityError {
  return new IdentityError(`token claim "${claim}" must be a time in seconds since 1970`, 401);
}

function listOf(one: string | readonly string[]): string[] {
  return typeof one === 'string' ? [one] : [...one];
}
