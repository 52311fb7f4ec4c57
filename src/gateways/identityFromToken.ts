import type { IncomingMessage } from 'node:http';
import { defer, tap } from 'rxjs';
import type { Observable } from 'rxjs';
import { IdentityError } from '../auth/identity.js';
import type { Identity } from '../auth/identity.js';
import type { TokenVerifier } from '../auth/jwt/jwtVerifier.js';
import { bearerToken } from './bearerToken.js';

/**
 * Believes what a token proves. It comes in the header `Authorization: Bearer …`, or, from clients that cannot set headers,
 * in the query parameter `token`. Where the query says who connects as well (`id`, `role`), it must say the same.
 *
 * Fails as `verify` does, and with an IdentityError of status 401 and one of these messages: `a token is required: in the
 * header "Authorization: Bearer …", or in the query parameter "token"`, `the header Authorization was given 2 times`, `the
 * header Authorization must be "Bearer", a space and a token`, `query parameter "token" was given 2 times`, `the header
 * Authorization and the query parameter "token" differ`, `query parameter "id" contradicts the token` (or
 * `role`).
 */
export function identityFromToken(
  verify: TokenVerifier,
): (request: Pick<IncomingMessage, 'url' | 'headersDistinct'>) => Observable<Identity> {
  return ({ url = '', headersDistinct }) =>
    defer(() => {
      const start = url.indexOf('?');
      const query = new URLSearchParams(start < 0 ? '' : url.slice(start + 1));
      const token = theOneToken(bearerToken(headersDistinct['authorization'] ?? []), query.getAll('token'));
      return verify(token).pipe(
        tap((identity) => {
          refuseContradiction(query, identity);
        }),
      );
    });
}

/** What is said where there is no token at all. */
export const tokenRequired =
  'a token is required: in the header "Authorization: Bearer …", or in the query parameter "token"';

function theOneToken(ofHeader: string | undefined, ofQuery: readonly string[]): string {
  if (ofQuery.length > 1)
    throw new IdentityError(`query parameter "token" was given ${String(ofQuery.length)} times`, 401);
  const token = ofHeader ?? ofQuery[0];
  if (token === undefined || token === '') {
    throw new IdentityError(tokenRequired, 401);
  }
  if (ofQuery[0] !== undefined && ofQuery[0] !== token) {
    throw new IdentityError('the header Authorization and the query parameter "token" differ', 401);
  }
  return token;
}

/** Who says to be somebody else than the token says is mistaken, or up to something. */
function refuseContradiction(query: URLSearchParams, { id, role }: Identity): void {
  for (const [parameter, proven] of Object.entries({ id, role })) {
    if (query.getAll(parameter).some((value) => value.toLowerCase() !== proven)) {
      throw new IdentityError(`query parameter "${parameter}" contradicts the token`, 401);
    }
  }
}
