import { generateKeyPairSync } from 'node:crypto';
import { expect } from 'chai';
import {
  BehaviorSubject,
  EMPTY,
  NEVER,
  Observable,
  Subject,
  firstValueFrom,
  of,
  throwError,
  VirtualTimeScheduler,
} from 'rxjs';
import { AuthorizationError } from '../../../src/auth/auth.js';
import { IdentityError, type Identity } from '../../../src/auth/identity.js';
import {
  jwtPublicKey,
  jwtSecret,
  jwtVerifier,
  type JwtKeys,
  type JwtVerifierOptions,
  type VerifiedToken,
} from '../../../src/auth/jwt/index.js';
import { publicKeys } from '../../../src/auth/jwt/verificationKey.js';
import { requests } from '../../../src/proto/requests.js';
import { alice, bob, carol } from '../../../src/testing/index.js';
import { clock, edDsa, good, hs256, keyPairs, mint, pemOf, now, secret, token } from './mint.js';

const verifier = (options: Partial<JwtVerifierOptions> = {}) =>
  jwtVerifier({ keys: jwtSecret(secret), scheduler: clock(), ...options });

const identityOf = (made: string, options?: Partial<JwtVerifierOptions>): Promise<Identity> =>
  firstValueFrom(verifier(options)(made));

const refusalOf = async (made: string, options?: Partial<JwtVerifierOptions>): Promise<IdentityError> => {
  const outcome: unknown = await identityOf(made, options).catch((error: unknown) => error);
  if (outcome instanceof IdentityError) return outcome;
  throw new Error(`not refused: ${String(outcome)}`, { cause: outcome });
};

describe('jwtVerifier', () => {
  it('finds the id, and takes it for the name when there is none', async () => {
    expect(await identityOf(mint())).to.include({ id: alice, name: alice, role: 'peer' });
    expect(await identityOf(mint({ name: '' }))).to.include({ name: alice });
    expect(await identityOf(mint({ name: 'Alice in Zürich 👩‍💻' }))).to.include({ name: 'Alice in Zürich 👩‍💻' });
  });

  it('turns ids into lower case', async () => {
    expect(await identityOf(mint({ sub: alice.toUpperCase() }))).to.include({ id: alice });
    const { agentId, auth } = await identityOf(mint({ role: 'client', agent: bob.toUpperCase() }));
    expect(agentId).to.equal(bob);
    expect(auth(requests.addTunnel(bob))).to.equal(undefined);
  });

  it('holds each role to what it may do', async () => {
    const peer = await identityOf(mint({ role: 'peer' }));
    expect(peer.auth(requests.addTunnel(bob))).to.equal(undefined);
    const agent = await identityOf(mint({ role: 'agent', agent: alice.toUpperCase() }));
    expect(agent.role).to.equal('agent');
    expect(() => agent.auth(requests.addTunnel(bob))).to.throw(AuthorizationError, 'agents cannot open tunnels');
    const client = await identityOf(mint({ role: 'client', agent: bob }));
    expect(client.role).to.equal('client');
    expect(() => client.auth(requests.addTunnel(carol))).to.throw(AuthorizationError, 'invalid agent id');
  });

  it('takes the types that access tokens have, and claims that it does not know', async () => {
    for (const typ of ['JWT', 'jwt', 'at+jwt', 'application/at+JWT']) {
      expect(await identityOf(mint({ scope: ['a'], iss: 'anybody' }, { typ, kid: 'any', x5t: 'x' }))).to.include({
        id: alice,
      });
    }
  });

  it('takes the identity from where it is told to', async () => {
    const made = mint({ sub: 'auth0|7', 'https://mesh.example/peer': bob, roles: ['agent'] });
    const readClaims: JwtVerifierOptions['readClaims'] = (claims) => ({
      sub: claims['https://mesh.example/peer'],
      role: 'agent',
    });
    expect(await identityOf(made, { readClaims })).to.include({ id: bob, role: 'agent' });
  });

  it('waits for clocks that are ahead, as far as it is told, and for no expiry', async () => {
    expect(await identityOf(mint({ nbf: now + 5, iat: now + 5 }))).to.include({ id: alice });
    expect((await refusalOf(mint({ nbf: now + 5 }), { clockTolerance: 4000 })).message).to.equal(
      'token is not valid yet',
    );
    expect((await refusalOf(mint({ iat: now + 5 }), { clockTolerance: 4000 })).message).to.equal(
      'token was issued in the future',
    );
    expect((await refusalOf(mint({ exp: now }), { clockTolerance: 60_000 })).message).to.equal('token expired');
  });

  it('takes tokens without an end only where it is told to', async () => {
    const endless = token({ alg: 'HS256' }, { sub: alice });
    expect((await refusalOf(endless)).message).to.equal('token has no "exp"');
    const { ends$ } = await identityOf(endless, { requireExpiry: false });
    expect(ends$).not.to.equal(undefined);
  });

  it('refuses tokens that are valid for too long', async () => {
    const maxLifetime = 60_000;
    expect(await identityOf(mint({ iat: now, exp: now + 60 }), { maxLifetime })).to.include({ id: alice });
    for (const claims of [
      { iat: now, exp: now + 61 },
      { iat: now - 100, exp: now + 1 },
      { iat: -1e300, exp: now + 1 },
    ]) {
      expect((await refusalOf(mint(claims), { maxLifetime })).message).to.equal(
        'token is valid for too long: at most 60 s',
      );
    }
    expect((await refusalOf(mint({ iat: undefined }), { maxLifetime })).message).to.equal('token has no "iat"');
  });

  it('refuses options that make no sense', () => {
    for (const value of [-1, NaN]) {
      expect(() => verifier({ clockTolerance: value })).to.throw(
        RangeError,
        `clockTolerance must be a number of milliseconds, 0 or more, got ${String(value)}`,
      );
    }
    expect(() => verifier({ maxLifetime: -1 })).to.throw(RangeError, 'maxLifetime must be');
  });

  it('says 503 when there are no keys, and keeps to itself why', async () => {
    const cause = new Error('secret');
    const candidates$ = () => throwError(() => cause);
    expect(await refusalOf(mint(), { keys: { candidates$ } })).to.include({
      status: 503,
      message: 'the keys for tokens cannot be read now',
      cause,
    });
  });

  it('tries all keys that may have signed a token, and no others', async () => {
    const others = [generateKeyPairSync('ed25519'), keyPairs.ed, generateKeyPairSync('ed25519'), keyPairs.rsa];
    const pems = others.map(({ publicKey }) => pemOf(publicKey)).join('');
    const made = token({ alg: 'EdDSA' }, good, edDsa());
    expect(await identityOf(made, { keys: jwtPublicKey(pems) })).to.include({ id: alice });
    const rsaOnly: JwtKeys = { candidates$: () => of(publicKeys(pemOf(keyPairs.rsa.publicKey))) };
    expect(await refusalOf(made, { keys: rsaOnly })).to.include({
      status: 401,
      message: 'token is signed with a key that is not known here',
    });
  });

  it('lets keys of somebody say what is wrong in their own words', async () => {
    const candidates$ = () => throwError(() => new IdentityError('no such tenant', 403));
    expect(await refusalOf(mint(), { keys: { candidates$ } })).to.include({ status: 403, message: 'no such tenant' });
  });

  describe('with a list of revoked tokens', () => {
    it('asks with all that is known', async () => {
      const asked: VerifiedToken[] = [];
      await identityOf(mint({ jti: 'seven' }), {
        isRevoked$: (known) => {
          asked.push(known);
          return of(false);
        },
      });
      expect(asked).to.deep.equal([{ id: alice, tokenId: 'seven', claims: { ...good, jti: 'seven' } }]);
    });

    it('refuses who is on it', async () => {
      expect(await refusalOf(mint(), { isRevoked$: () => of(true) })).to.include({
        status: 401,
        message: 'token revoked',
      });
    });

    for (const [name, isRevoked$] of [
      ['fails', () => throwError(() => new Error('secret'))],
      ['says nothing', () => EMPTY],
      [
        'throws',
        () => {
          throw new TypeError('secret');
        },
      ],
    ] as const) {
      it(`says 503 when it ${name}`, async () => {
        expect(await refusalOf(mint(), { isRevoked$ })).to.include({
          status: 503,
          message: 'it is not known now which tokens were revoked',
        });
      });
    }

    it('is not asked about a token that is not good', async () => {
      const isRevoked$ = () => {
        throw new Error('asked');
      };
      expect((await refusalOf(token({ alg: 'HS256' }, good, hs256('x')), { isRevoked$ })).status).to.equal(401);
    });

    it('ends who gets onto it later', async () => {
      const revoked$ = new BehaviorSubject(false);
      const { ends$ = NEVER } = await identityOf(mint(), { isRevoked$: () => revoked$ });
      expect(revoked$.observed).to.equal(false);
      const reasons: string[] = [];
      ends$.subscribe((reason) => reasons.push(reason));
      revoked$.next(false);
      expect(reasons).to.deep.equal([]);
      revoked$.next(true);
      revoked$.next(true);
      expect(reasons).to.deep.equal(['token revoked']);
      expect(revoked$.observed).to.equal(false);
    });

    it('passes on that it has failed, so that nobody stays connected unseen', async () => {
      const revoked$ = new Subject<boolean>();
      const answers = [of(false), revoked$];
      const { ends$ = NEVER } = await identityOf(mint(), { isRevoked$: () => answers.shift() ?? NEVER });
      const ended = firstValueFrom(ends$).catch((error: unknown) => error);
      const error = new Error('the list is away');
      revoked$.error(error);
      expect(await ended).to.equal(error);
    });

    it('may take its time, and is let go when nobody waits any more', async () => {
      let asked: () => void = () => undefined;
      const wasAsked = new Promise<void>((resolve) => (asked = resolve));
      let isLetGo = false;
      const isRevoked$ = () =>
        new Observable<boolean>(() => {
          asked();
          return () => (isLetGo = true);
        });
      const waiting = verifier({ isRevoked$ })(mint()).subscribe();
      await wasAsked;
      waiting.unsubscribe();
      expect(isLetGo).to.equal(true);
    });
  });
});

describe('the end of an identity by token', () => {
  for (const [name, seconds] of [
    ['when the token says', 90],
    ['to the millisecond', 1.5],
    ['after 100 days, for which no timer can wait', 8_640_000],
  ] as const) {
    it(`comes ${name}`, async () => {
      const scheduler = new VirtualTimeScheduler();
      const identity = await identityOf(mint({ iat: undefined, exp: seconds }), { scheduler });
      const reasons: string[] = [];
      (identity.ends$ ?? NEVER).subscribe((reason) => reasons.push(`${reason} at ${scheduler.frame}`));
      scheduler.flush();
      expect(reasons).to.deep.equal([`token expired at ${seconds * 1000}`]);
    });
  }

  it('leaves nothing behind when somebody leaves before', async () => {
    const scheduler = new VirtualTimeScheduler();
    const { ends$ = NEVER } = await identityOf(mint({ iat: undefined, exp: 90 }), { scheduler });
    ends$.subscribe().unsubscribe();
    scheduler.flush();
    expect(scheduler.frame).to.equal(0);
  });
});
