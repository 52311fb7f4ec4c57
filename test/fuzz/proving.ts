import assert from 'node:assert/strict';
import { firstValueFrom, of } from 'rxjs';
import { IdentityError, jwtVerifier, type JwtKeys } from '../../src/gateways/index.js';
import { publicKeys, secretKey } from '../../src/auth/jwt/verificationKey.js';
import { alice } from '../../src/testing/index.js';
import { hostileToPublicKeys, hostileToSecret } from '../auth/jwt/hostileTokens.js';
import { clock, edDsa, es256, good, keyPairs, mint, pemOf, rs256, secret, token } from '../auth/jwt/mint.js';
import type { Target } from './target.js';

/** All kinds of keys at once, which gives an attacker more to confuse than there ever is. */
const allKeys = [
  secretKey(secret),
  ...Object.values(keyPairs).flatMap(({ publicKey }) => publicKeys(pemOf(publicKey))),
];
const keys: JwtKeys = { candidates$: () => of(allKeys) };
const verify = jwtVerifier({ keys, scheduler: clock() });

const goodTokens = [
  mint(),
  mint({ name: 'Alice', role: 'agent', nbf: 0, jti: 'seven' }, { typ: 'JWT', kid: 'a' }),
  token({ alg: 'RS256' }, good, rs256()),
  token({ alg: 'ES256' }, good, es256()),
  token({ alg: 'EdDSA' }, good, edDsa()),
];

/** Those of a kind that only one of these keys is no good for are left out, and those that are too long. */
const hostileTokens = [...hostileToSecret, ...hostileToPublicKeys]
  .filter(({ token: hostile, reason }) => hostile.length < 10_000 && !reason.includes('a key that is not known'))
  .map(({ token: hostile }) => hostile);

/** Tokens: one that is good to the letter is taken, and all others are refused with 401, whatever was done to them. */
export const proving: Target = {
  name: 'proving',
  seeds: [...goodTokens, ...goodTokens, ...hostileTokens].map((text) => Buffer.from(text)),
  check: async (input) => {
    const text = input.toString('utf8');
    const outcome: unknown = await firstValueFrom(verify(text)).then(
      ({ id }) => id,
      (error: unknown) => error,
    );
    if (goodTokens.includes(text)) {
      assert.equal(outcome, alice);
      return;
    }
    assert.ok(outcome instanceof IdentityError, String(outcome));
    assert.equal(outcome.status, 401, String(outcome.cause));
  },
};
