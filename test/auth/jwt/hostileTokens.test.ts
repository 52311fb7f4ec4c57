import { expect } from 'chai';
import { firstValueFrom } from 'rxjs';
import { IdentityError } from '../../../src/auth/identity.js';
import { jwtPublicKey, jwtSecret, jwtVerifier, type TokenVerifier } from '../../../src/auth/jwt/index.js';
import { alice } from '../../../src/testing/index.js';
import { hostileToPublicKeys, hostileToSecret, type HostileToken } from './hostileTokens.js';
import { clock, edDsa, es256, good, jwkOf, keyPairs, mint, now, rs256, secret, token } from './mint.js';

const bySecret = jwtVerifier({ keys: jwtSecret(secret), scheduler: clock() });
const jwks = Object.values(keyPairs).map(({ publicKey }) => jwkOf(publicKey));
const byPublicKeys = jwtVerifier({ keys: jwtPublicKey(JSON.stringify({ keys: jwks })), scheduler: clock() });

const refusalOf = async (verify: TokenVerifier, hostile: string): Promise<IdentityError> => {
  const outcome: unknown = await firstValueFrom(verify(hostile)).catch((error: unknown) => error);
  if (outcome instanceof IdentityError) return outcome;
  throw new Error(`not refused as it should be: ${String(outcome)}`, { cause: outcome });
};

const refuses = (verify: TokenVerifier, tokens: readonly HostileToken[]): void => {
  for (const { name, token: hostile, reason } of tokens) {
    it(`refuses ${name}`, async () => {
      expect(await refusalOf(verify, hostile)).to.include({ status: 401, message: reason });
    });
  }
};

describe('who verifies with a secret', () => {
  it('lets in who has a good token, so that it is for a reason that the others are refused', async () => {
    expect(await firstValueFrom(bySecret(mint()))).to.include({ id: alice });
  });

  refuses(bySecret, hostileToSecret);

  it('repeats nothing of a token in what it says', async () => {
    for (const { token: hostile } of hostileToSecret) {
      const { message } = await refusalOf(bySecret, hostile);
      for (const part of hostile.split('.').filter(({ length }) => length > 8)) expect(message).not.to.contain(part);
    }
  });
});

describe('who verifies with public keys', () => {
  for (const [alg, signer] of Object.entries({ RS256: rs256(), ES256: es256(), EdDSA: edDsa(), Ed25519: edDsa() })) {
    it(`lets in who has a good ${alg} token`, async () => {
      expect(await firstValueFrom(byPublicKeys(token({ alg }, good, signer)))).to.include({ id: alice });
    });

    it(`refuses one by ${alg} whose payload was exchanged`, async () => {
      const [header, , signature] = token({ alg }, good, signer).split('.');
      const [, payload] = mint({ exp: now + 9999 }).split('.');
      const { message } = await refusalOf(byPublicKeys, [header, payload, signature].join('.'));
      expect(message).to.equal('token has a wrong signature');
    });
  }

  refuses(byPublicKeys, hostileToPublicKeys);
});

describe('who expects an audience and an issuer', () => {
  const verify = jwtVerifier({
    keys: jwtSecret(secret),
    audience: ['tailnet', 'mesh'],
    issuer: 'https://issuer.example',
    scheduler: clock(),
  });
  const iss = 'https://issuer.example';

  for (const aud of ['tailnet', 'mesh', ['somebody', 'tailnet']]) {
    it(`lets in who has a token for ${JSON.stringify(aud)}`, async () => {
      expect(await firstValueFrom(verify(mint({ aud, iss })))).to.include({ id: alice });
    });
  }

  const refusals: readonly (readonly [claims: object, reason: string])[] = [
    [{ iss }, 'token has no "aud"'],
    [{ aud: 'tailnet' }, 'token has no "iss"'],
    ...['Tailnet', 'tailnet ', '', null, 7, {}, [], ['tail', 'net'], [['tailnet']], { tailnet: 1 }].map(
      (aud) => [{ aud, iss }, 'token has the wrong audience'] as const,
    ),
    ...['https://issuer.example/', 'https://issuer.example.evil', '', null, 7, [iss], { iss }].map(
      (other) => [{ aud: 'tailnet', iss: other }, 'token has the wrong issuer'] as const,
    ),
  ];
  for (const [claims, reason] of refusals) {
    it(`refuses ${JSON.stringify(claims)}`, async () => {
      expect(await refusalOf(verify, mint(claims))).to.include({ status: 401, message: reason });
    });
  }
});
