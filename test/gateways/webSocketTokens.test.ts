import { request as httpRequest } from 'node:http';
import { expect } from 'chai';
import { BehaviorSubject, filter, firstValueFrom, Subject, throwError, VirtualTimeScheduler } from 'rxjs';
import type { Observable } from 'rxjs';
import { createCoordinator } from '../../src/coordinator.js';
import { identityFromToken, jwtSecret, jwtVerifier, webSocketGateway } from '../../src/gateways/index.js';
import type { GatewayEvent, JwtVerifierOptions } from '../../src/gateways/index.js';
import { requests } from '../../src/proto/requests.js';
import { bob as bobsId, memoryDatabase, testPeer } from '../../src/testing/index.js';
import { hostileToSecret } from '../auth/jwt/hostileTokens.js';
import { clock, mint, now, secret } from '../auth/jwt/mint.js';
import { alice, bob, GatewayFixture, response } from './gatewayFixture.js';
import { PeerSocket, rawSocket, refusedUpgrade, upgradeRequest } from './peerSocket.js';

const path = '/api/v2/coordinate';
const tokens = (options: Partial<JwtVerifierOptions> = {}) => ({
  identify: identityFromToken(jwtVerifier({ keys: jwtSecret(secret), scheduler: clock(), ...options })),
});
const authorization = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

describe('a WebSocket connection with a token', () => {
  let fixture: GatewayFixture;
  beforeEach(() => {
    fixture = new GatewayFixture();
  });
  afterEach(() => fixture.end());

  it('is made by who has a good one, in the header or in the query', async () => {
    const gateway = await fixture.serve(tokens());
    await fixture.join(gateway, '', undefined, authorization(mint({ sub: alice, name: 'Alice' })));
    await fixture.join(gateway, `token=${mint({ sub: bob, role: 'agent' })}`);
    const [first, second] = await gateway.eventsOf('opened', 2);
    expect(first).to.include({ peerId: alice, name: 'Alice', role: 'peer' });
    expect(second).to.include({ peerId: bob, name: bob, role: 'agent' });
  });

  it('is refused with 401 to everybody else, before the upgrade, and nobody hears of it', async () => {
    const gateway = await fixture.serve(tokens());
    const { port } = new URL(gateway.url);
    for (const { name, token, reason } of hostileToSecret) {
      // Longer ones do not get that far, and what is no text for a header is a matter of HTTP.
      if (token.length > 12_000 || !/^[\x21-\x7e]+$/.test(token)) continue;
      const answer = await upgrade(Number(port), { authorization: `Bearer ${token}` });
      expect(answer, name).to.deep.equal({ status: 401, body: `${reason}\n`, challenge: 'Bearer' });
    }
    expect(gateway.events.filter(({ kind }) => kind === 'opened')).to.deep.equal([]);
    expect(fixture.coordinator.coordinations).to.deep.equal([]);
    await fixture.join(gateway, '', undefined, authorization(mint({ sub: alice })));
  });

  it('is refused in the query alike', async () => {
    const gateway = await fixture.serve(tokens());
    for (const { name, token, reason } of hostileToSecret) {
      if (token.length > 8000) continue;
      const { status, body } = await refusedUpgrade(`${gateway.url}?token=${encodeURIComponent(token)}`);
      expect({ status, body }, name).to.deep.equal({ status: 401, body: `${reason}\n` });
    }
  });

  it('is refused to who gives the header twice, whichever of the two is good', async () => {
    const gateway = await fixture.serve(tokens());
    const [good, bad] = [`Authorization: Bearer ${mint({ sub: alice })}`, 'Authorization: Bearer bad'];
    for (const headers of [
      [good, bad],
      [bad, good],
      [good, good],
    ]) {
      const { socket, answer } = rawSocket(gateway.url);
      socket.end(`${upgradeRequest(path, ...headers)}\r\n`);
      expect(await answer)
        .to.match(/^HTTP\/1.1 401 /)
        .and.to.include('the header Authorization was given 2 times');
    }
  });

  it('is refused to who has the token of another peer', async () => {
    const gateway = await fixture.serve(tokens());
    const token = mint({ sub: alice });
    expect(await refusedUpgrade(`${gateway.url}?id=${bob}&token=${token}`)).to.include({
      status: 401,
      body: 'query parameter "id" contradicts the token\n',
    });
    expect(fixture.coordinator.coordinations).to.have.length(0);
    await fixture.join(gateway, `id=${alice}&token=${token}`);
  });

  it('holds its peer to its role', async () => {
    const coordinator = createCoordinator({ database: memoryDatabase() });
    const url = await serve(coordinator, tokens());
    const peer = new PeerSocket(`${url.address}?token=${mint({ sub: alice, role: 'agent' })}`);
    peer.webSocket.once('open', () => {
      peer.send(requests.addTunnel(bob));
    });
    expect((await peer.next()).error).to.equal('authorization: agents cannot open tunnels');
    expect(await peer.closed).to.include({ code: 1008 });
    url.stop();
    await coordinator.close();
  });

  it('is refused to an observer, who would push out the peer that has its id', async () => {
    const gateway = await fixture.serve(tokens());
    const token = mint({ sub: alice, role: 'observer' });
    expect(await refusedUpgrade(`${gateway.url}?token=${token}`)).to.include({
      ...{ status: 403, body: 'an observer may look, and not connect as a peer\n' },
    });
    expect(fixture.coordinator.coordinations).to.deep.equal([]);
    expect(await gateway.event('rejected')).to.include({ status: 403 });
  });

  it('is refused with 503, and an operator is told why, when the keys are away', async () => {
    const cause = new Error('the issuer is away');
    const keys = { candidates$: () => throwError(() => cause) };
    const gateway = await fixture.serve(tokens({ keys }));
    expect(await refusedUpgrade(`${gateway.url}?token=${mint()}`)).to.include({
      status: 503,
      body: 'the keys for tokens cannot be read now\n',
    });
    const { error } = await gateway.event('rejected');
    expect(error).to.include({ name: 'IdentityError', status: 503, cause });
  });

  describe('ends', () => {
    /** A peer, its connection, and the identity's end, for the test to say. */
    const joined = async (ends$: Observable<string>) => {
      const gateway = await fixture.serve({
        identify: () => ({ id: alice, name: 'Alice', role: 'peer', auth: () => undefined, ends$ }),
      });
      const peer = await fixture.join(gateway, '');
      return { gateway, peer };
    };

    it('with its identity: the peer is told why, and closed with 1008, and for others it is lost', async () => {
      const ends$ = new Subject<string>();
      const { gateway, peer } = await joined(ends$);
      const coordination = await fixture.coordinator.coordination(alice);
      coordination.responses$.next(response());
      ends$.next('token revoked');
      await coordination.unsubscribed();
      expect((await peer.next()).error).to.equal('');
      expect((await peer.next()).error).to.equal('token revoked');
      expect(await peer.closed).to.deep.equal({ code: 1008, reason: 'token revoked', messages: 2 });
      expect(await gateway.event('closed')).to.include({ code: 1008, reason: 'token revoked' });
      expect(ends$.observed).to.equal(false);
    });

    it('for a peer that does not read, too', async () => {
      const ends$ = new Subject<string>();
      const { peer } = await joined(ends$);
      peer.webSocket.pause();
      const coordination = await fixture.coordinator.coordination(alice);
      while (coordination.ready.at(-1) !== false) coordination.responses$.next(response('x'.repeat(1 << 20)));
      ends$.next('token expired');
      await coordination.unsubscribed();
      peer.webSocket.resume();
      expect(await peer.closed).to.include({ code: 1008, reason: 'token expired' });
    });

    it('when it is not known any more who it is', async () => {
      const ends$ = new Subject<string>();
      const { gateway, peer } = await joined(ends$);
      const error = new Error('a defect');
      ends$.error(error);
      expect((await peer.next()).error).to.equal('internal coordinator error');
      expect(await peer.closed).to.include({ code: 1011 });
      expect(await gateway.event('failed')).to.include({ error });
    });

    it('and nobody listens for its end any more', async () => {
      const ends$ = new Subject<string>();
      const { gateway, peer } = await joined(ends$);
      await fixture.coordinator.coordination(alice);
      expect(ends$.observed).to.equal(true);
      peer.webSocket.terminate();
      await gateway.event('closed');
      expect(ends$.observed).to.equal(false);
    });

    it('when its token expires, to the second', async () => {
      const scheduler = new VirtualTimeScheduler();
      scheduler.frame = now * 1000;
      const gateway = await fixture.serve(tokens({ scheduler }));
      const peer = await fixture.join(gateway, `token=${mint({ sub: alice, exp: now + 3600 })}`);
      await fixture.coordinator.coordination(alice);
      scheduler.maxFrames = (now + 3600) * 1000 - 1;
      scheduler.flush();
      scheduler.maxFrames += 1;
      expect(scheduler.actions).to.have.length(1);
      scheduler.flush();
      expect((await peer.next()).error).to.equal('token expired');
      expect(await peer.closed).to.include({ code: 1008, reason: 'token expired' });
    });
  });

  it('leaves its peer lost for others, not gone, when its token is revoked', async () => {
    const coordinator = createCoordinator({ database: memoryDatabase() });
    const revoked$ = new BehaviorSubject(false);
    const url = await serve(coordinator, tokens({ isRevoked$: () => revoked$ }));
    const alices = testPeer(coordinator, bobsId);
    alices.addTunnel(alice);
    const peer = new PeerSocket(`${url.address}?token=${mint({ sub: alice })}`);
    peer.webSocket.once('open', () => {
      peer.send(requests.updateSelf({ preferredDerp: 5 }));
    });
    await alices.eventuallyHasDerp(alice, 5);
    revoked$.next(true);
    expect(await peer.closed).to.include({ code: 1008, reason: 'token revoked' });
    await alices.eventuallyLost(alice);
    expect(await refusedUpgrade(`${url.address}?token=${mint({ sub: alice })}`)).to.include({
      status: 401,
      body: 'token revoked\n',
    });
    url.stop();
    await coordinator.close();
  });
});

/** A gateway in front of a coordinator. */
const serve = async (
  coordinator: Parameters<typeof webSocketGateway>[0],
  options: ReturnType<typeof tokens>,
): Promise<{ readonly address: string; readonly stop: () => void }> => {
  const events$ = new Subject<GatewayEvent>();
  const listening = firstValueFrom(events$.pipe(filter((event) => event.kind === 'listening')));
  const serving = webSocketGateway(coordinator, { port: 0, ...options }).subscribe(events$);
  return { address: (await listening).url, stop: () => serving.unsubscribe() };
};

/** What a request to upgrade is answered that is refused. */
const upgrade = (
  port: number,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly status: number | undefined; readonly body: string; readonly challenge: string | undefined }> =>
  new Promise((resolve, reject) => {
    const upgrading = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' };
    const request = httpRequest({
      ...{ host: '127.0.0.1', port, path },
      headers: { ...upgrading, 'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==', ...headers },
    });
    request.on('error', reject);
    request.on('upgrade', () => reject(new Error('upgraded')));
    request.on('response', (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text: string) => (body += text));
      answer.on('end', () =>
        resolve({ status: answer.statusCode, body, challenge: answer.headers['www-authenticate'] }),
      );
    });
    request.end();
  });
