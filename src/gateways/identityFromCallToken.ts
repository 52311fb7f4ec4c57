import { defer, tap } from 'rxjs';
import { IdentityError } from '../auth/identity.js';
import type { TokenVerifier } from '../auth/jwt/jwtVerifier.js';
import { bearerToken } from './bearerToken.js';
import type { IdentifyCall } from './incomingCall.js';

/**
 * Believes what a token proves, which is in the metadata of a call, as `authorization: Bearer …`. Where the metadata says
 * who calls as well (`x-peer-id`, `x-peer-role`), it must say the same.
 *
 * On a gRPC server that is not the gateway's own, the HTTP/2 of Node.js drops all values of `authorization` but the first,
 * which counts then. A gateway with a server of its own sees them all.
 *
 * Fails as `verify` does, and with an IdentityError of status 401 and one of these messages: `a token is required: in the
 * metadata "authorization: Bearer …"`, `the header Authorization was given 2 times`, `the header Authorization must be
 * "Bearer", a space and a token`, `metadata "x-peer-id" contradicts the token` (or `x-peer-role`).
 */
export function identityFromCallToken(verify: TokenVerifier): IdentifyCall {
  return ({ metadata }) =>
    defer(() => {
      const valuesOf = (name: string): string[] => metadata.get(name).map(String);
      const token = bearerToken(valuesOf('authorization'));
      if (token === undefined) {
        throw new IdentityError('a token is required: in the metadata "authorization: Bearer …"', 401);
      }
      return verify(token).pipe(
        tap(({ id, role }) => {
          // Who says to be somebody else than the token says is mistaken, or up to something.
          for (const [name, proven] of Object.entries({ 'x-peer-id': id, 'x-peer-role': role })) {
            if (valuesOf(name).some((value) => value.toLowerCase() !== proven)) {
              throw new IdentityError(`metadata "${name}" contradicts the token`, 401);
            }
          }
        }),
      );
    });
}
