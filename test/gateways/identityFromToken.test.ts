import { expect } from 'chai';
import { firstValueFrom, of, throwError } from 'rxjs';
import { peerAuth } from '../../src/auth/peerAuth.js';
import { bearerToken, IdentityError, identityFromToken } from '../../src/gateways/index.js';
import type { Identity, TokenVerifier } from '../../src/gateways/index.js';

const alice = 'a11ce000-0000-4000-8000-000000000001';
const bob = 'b0b00000-0000-4000-8000-000000000002';
const identity: Identity = { id: alice, name: 'Alice', role: 'peer', auth: peerAuth() };

/** Takes this one token. */
const verify: TokenVerifier = (token) =>
  token === 'good' ? of(identity) : throwError(() => new IdentityError(`not good: ${token}`, 401));

const identify = (query: string, ...authorization: readonly string[]): Promise<Identity | string> =>
  firstValueFrom(
    identityFromToken(verify)({
      url: `/api/v2/coordinate${query}`,
      headersDistinct: authorization.length > 0 ? { authorization: [...authorization] } : {},
    }),
  ).catch((error: unknown) => {
    expect(error).to.be.instanceOf(IdentityError).that.includes({ status: 401 });
    return error instanceof Error ? error.message : '';
  });

describe('identityFromToken', () => {
  const accepted: readonly (readonly [query: string, ...authorization: readonly string[]])[] = [
    ['', 'Bearer good'],
    ['', 'bearer good'],
    ['', 'BEARER   good'],
    ['?token=good'],
    ['?name=x&token=good&other'],
    ['?token=good', 'Bearer good'],
    [`?id=${alice}`, 'Bearer good'],
    [`?id=${alice.toUpperCase()}&role=peer`, 'Bearer good'],
  ];
  for (const given of accepted) {
    it(`takes ${given.join(' ')}`, async () => {
      expect(await identify(...given)).to.equal(identity);
    });
  }

  const required = 'a token is required: in the header "Authorization: Bearer …", or in the query parameter "token"';
  const wanted = 'the header Authorization must be "Bearer", a space and a token';
  const refused: readonly (readonly [reason: string, query: string, ...authorization: readonly string[]])[] = [
    [required, ''],
    [required, `?id=${alice}`],
    [required, '?token='],
    [required, '?Token=good'],
    ['not good: bad', '', 'Bearer bad'],
    ['not good: bad', '?token=bad'],
    ['not good: go od', '?token=go+od'],
    [wanted, '', ''],
    [wanted, '', 'Bearer'],
    [wanted, '', 'Bearer '],
    [wanted, '', 'good'],
    [wanted, '', 'Bearergood'],
    [wanted, '', 'Bearer good good'],
    [wanted, '', 'Bearer good, Bearer good'],
    [wanted, '', 'Bearer\tgood'],
    [wanted, '', 'Basic Z29vZDpnb29k'],
    [wanted, '', 'Token good'],
    [wanted, '?token=good', 'Basic Z29vZDpnb29k'],
    ['the header Authorization was given 2 times', '', 'Bearer good', 'Bearer good'],
    ['the header Authorization was given 3 times', '', 'Basic x', 'Bearer good', ''],
    ['query parameter "token" was given 2 times', '?token=good&token=good'],
    ['query parameter "token" was given 2 times', '?token=good&token=good', 'Bearer good'],
    ['the header Authorization and the query parameter "token" differ', '?token=bad', 'Bearer good'],
    ['the header Authorization and the query parameter "token" differ', '?token=', 'Bearer good'],
    ['query parameter "id" contradicts the token', `?id=${bob}`, 'Bearer good'],
    ['query parameter "id" contradicts the token', `?token=good&id=${alice}&id=${bob}`],
    ['query parameter "id" contradicts the token', '?token=good&id='],
    ['query parameter "role" contradicts the token', '?token=good&role=agent'],
  ];
  for (const [reason, ...given] of refused) {
    it(`refuses ${JSON.stringify(given)}`, async () => {
      expect(await identify(...given)).to.equal(reason);
    });
  }
});

describe('bearerToken', () => {
  it('finds none where there is no header', () => {
    expect(bearerToken([])).to.equal(undefined);
  });
});
