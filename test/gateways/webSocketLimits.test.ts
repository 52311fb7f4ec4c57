import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { expect } from 'chai';
import {
  filter,
  firstValueFrom,
  map,
  NEVER,
  ReplaySubject,
  skip,
  Subject,
  take,
  toArray,
  VirtualTimeScheduler,
} from 'rxjs';
import { identityFromQuery, webSocketGateway } from '../../src/gateways/index.js';
import type { Identify } from '../../src/gateways/index.js';
import { CoordinateResponse } from '../../src/proto/gen/tailnet.js';
import { requests } from '../../src/proto/requests.js';
import type { Coordination } from './fakeCoordinator.js';
import { alice, bob, carol, GatewayFixture, response } from './gatewayFixture.js';
import { rawSocket, refusedUpgrade, upgradeRequest } from './peerSocket.js';
import type { ServedGateway } from './servedGateway.js';

describe('the limits of a WebSocket gateway', () => {
  let fixture: GatewayFixture;
  beforeEach(() => {
    fixture = new GatewayFixture();
  });
  afterEach(() => fixture.end());

  it('must be numbers above 0', () => {
    for (const value of [0, -1, NaN]) {
      expect(() => webSocketGateway(fixture.coordinator, { port: 0, limits: { maxTunnels: value } })).to.throw(
        RangeError,
        `maxTunnels must be a number above 0, got ${String(value)}`,
      );
    }
  });

  describe('on messages', () => {
    it('let one of exactly the largest size pass', async () => {
      const gateway = await fixture.serve({ limits: { maxMessageSize: 1000 } });
      const peer = await fixture.join(gateway);
      // An unknown field of 997 bytes, and three for its tag and length.
      peer.webSocket.send(Buffer.concat([Buffer.from([0x7a, 0xe5, 0x07]), Buffer.alloc(997)]));
      await firstValueFrom((await fixture.coordinator.coordination(alice)).requests$);
    });

    it('close with 1009 when one is larger', async () => {
      const gateway = await fixture.serve({ limits: { maxMessageSize: 1000 } });
      const peer = await fixture.join(gateway);
      peer.webSocket.send(Buffer.alloc(1001));
      expect(await peer.closed).to.include({ code: 1009 });
      expect(await gateway.event('closed')).to.include({ code: 1009, received: 0 });
      expect((await fixture.coordinator.coordination(alice)).isUnsubscribed).to.equal(true);
    });

    it('are narrower for JSON, which takes longer to read', async () => {
      const gateway = await fixture.serve({ limits: { maxJsonMessageSize: 50 } });
      const json = await fixture.join(gateway, `id=${alice}`, ['tailnet.v2.json']);
      json.webSocket.send('{}'.padEnd(50));
      json.webSocket.send('{}'.padEnd(51));
      expect(await json.closed).to.include({ code: 1009 });
      expect(await gateway.event('closed')).to.include({ code: 1009, received: 1 });
    });

    it('are never wider for JSON', async () => {
      const gateway = await fixture.serve({ limits: { maxMessageSize: 50 } });
      const json = await fixture.join(gateway, `id=${alice}`, ['tailnet.v2.json']);
      json.webSocket.send('{}'.padEnd(51));
      expect(await json.closed).to.include({ code: 1009 });
    });

    it('refuse one that repeats its parts without end', async () => {
      const gateway = await fixture.serve();
      const peer = await fixture.join(gateway);
      peer.webSocket.send(Buffer.alloc(2050).fill(Buffer.of(0x2a, 0)));
      const reason = 'ready_for_handshake has more than 1024 entries: send several requests';
      expect((await peer.next()).error).to.equal(reason);
      expect(await peer.closed).to.include({ code: 1008, reason });
      const json = await fixture.join(gateway, `id=${alice}`, ['tailnet.v2.json']);
      json.webSocket.send(JSON.stringify({ readyForHandshake: Array.from({ length: 1025 }, () => ({})) }));
      expect(await json.closed).to.include({ code: 1008, reason });
    });

    it('bound the pieces of one', async () => {
      const gateway = await fixture.serve();
      const peer = await fixture.join(gateway);
      for (let piece = 1; piece <= 1025; piece++) peer.webSocket.send(Buffer.alloc(0), { fin: false });
      expect(await peer.closed).to.include({ code: 1008 });
      expect(await gateway.event('closed')).to.include({ code: 1008, received: 0 });
    });

    it('bound them where they are told to', async () => {
      const gateway = await fixture.serve({ limits: { maxFrames: 2 } });
      const peer = await fixture.join(gateway);
      peer.webSocket.send(Buffer.alloc(0), { fin: false });
      peer.webSocket.send(Buffer.alloc(0));
      await firstValueFrom((await fixture.coordinator.coordination(alice)).requests$);
      for (let piece = 1; piece <= 3; piece++) peer.webSocket.send(Buffer.alloc(0), { fin: false });
      expect(await peer.closed).to.include({ code: 1008 });
    });

    it('add up the pieces of one', async () => {
      const gateway = await fixture.serve({ limits: { maxMessageSize: 1000 } });
      const peer = await fixture.join(gateway);
      peer.webSocket.send(Buffer.alloc(600), { fin: false });
      peer.webSocket.send(Buffer.alloc(600));
      expect(await peer.closed).to.include({ code: 1009 });
    });
  });

  it('refuse one tunnel too many with an error and 1008', async () => {
    const gateway = await fixture.serve({ limits: { maxTunnels: 1 } });
    const peer = await fixture.join(gateway);
    peer.send(requests.addTunnel(bob));
    peer.send(requests.addTunnel(carol));
    expect((await peer.next()).error).to.equal('too many tunnels: at most 1');
    expect(await peer.closed).to.include({ code: 1008, reason: 'too many tunnels: at most 1' });
    const { requests$ } = await fixture.coordinator.coordination(alice);
    expect(await firstValueFrom(requests$.pipe(take(1), toArray()))).to.have.lengthOf(1);
  });

  it('refuse one connection too many with 503, and take the next when one has gone', async () => {
    const gateway = await fixture.serve({ limits: { maxConnections: 2 } });
    const first = await fixture.join(gateway, `id=${alice}`);
    await fixture.join(gateway, `id=${bob}`);
    const { status, body, headers } = await refusedUpgrade(`${gateway.url}?id=${carol}`);
    expect({ status, body }).to.deep.equal({ status: 503, body: 'too many connections: at most 2\n' });
    expect(headers['retry-after']).to.equal('1');
    expect(await gateway.event('rejected')).to.include({ status: 503, reason: 'too many connections: at most 2' });
    first.webSocket.terminate();
    await gateway.event('closed');
    await fixture.join(gateway, `id=${carol}`);
  });

  describe('on handshakes', () => {
    const pathOf = (id: string) => `/api/v2/coordinate?id=${id}`;

    /** An `identify` that waits to be told that it knows, each time it is asked. */
    const slowly = () => {
      const asked$ = new ReplaySubject<Subject<void>>();
      let asked = 0;
      const identify: Identify = (request) => {
        const known$ = new Subject<void>();
        asked++;
        asked$.next(known$);
        return known$.pipe(map(() => identityFromQuery(request)));
      };
      /** The one that was asked for as this, from 0 on. */
      const ask = (index: number) => firstValueFrom(asked$.pipe(skip(index)));
      return { identify, ask, count: () => asked };
    };

    /** Asks for a WebSocket, and returns when the server has read that. */
    const request = async (gateway: ServedGateway, id: string) => {
      const raw = rawSocket(gateway.url);
      raw.socket.write(`${upgradeRequest(pathOf(id))}\r\n`);
      await once(raw.socket, 'connect');
      await askForNothing(gateway);
      return raw;
    };
    /** A connection that is made later, and answered. */
    const askForNothing = async ({ url }: ServedGateway) => {
      const { socket, answer } = rawSocket(url);
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      expect(await answer).to.match(/^HTTP\/1.1 404 /);
    };

    it('let so many be identified at the same time, and the others wait in order', async () => {
      const { identify, ask, count } = slowly();
      const gateway = await fixture.serve({ identify, limits: { maxHandshakes: 1 } });
      const ids = [alice, bob, carol];
      const sockets = [];
      for (const id of ids) sockets.push(await request(gateway, id));
      for (const [index, id] of ids.entries()) {
        expect(count()).to.equal(index + 1);
        (await ask(index)).next();
        await fixture.coordinator.coordination(id);
      }
      expect(fixture.coordinator.coordinations.map(({ peerId }) => peerId)).to.deep.equal(ids);
      for (const { socket } of sockets) socket.destroy();
    });

    it('answer 503 to who has waited too long for a place', async () => {
      const gateway = await fixture.serve({
        identify: () => NEVER,
        limits: { maxHandshakes: 1, handshakeTimeout: 50 },
      });
      const answers = [alice, bob].map((id) => refusedUpgrade(`${gateway.url}?id=${id}`));
      for (const { status, body } of await Promise.all(answers)) {
        expect({ status, body }).to.deep.equal({ status: 503, body: 'it took too long to find out who you are\n' });
      }
    });

    it('count who waits as a connection, but not who has given up', async () => {
      const { identify, ask } = slowly();
      const gateway = await fixture.serve({ identify, limits: { maxHandshakes: 1, maxConnections: 2 } });
      const waiting = [await request(gateway, alice), await request(gateway, bob)];
      expect(await refusedUpgrade(`${gateway.url}?id=${carol}`)).to.include({ status: 503 });
      for (const { socket } of waiting) socket.resetAndDestroy();
      await Promise.all(waiting.map(({ answer }) => answer));
      await askForNothing(gateway);
      const joining = fixture.join(gateway, `id=${carol}`);
      (await ask(1)).next();
      await joining;
    });

    it('let 32 in at once, and in between the others of the process go on', async () => {
      const server = createServer();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const upgrades: [IncomingMessage, Duplex, Buffer][] = [];
      const all = new Promise<void>((resolve) => {
        server.on('upgrade', (asked: IncomingMessage, socket: Duplex, head: Buffer) => {
          if (upgrades.push([asked, socket, head]) === 100) resolve();
        });
      });
      const sockets = Array.from({ length: 100 }, () => rawSocket(`ws://127.0.0.1:${String(port)}`));
      for (const { socket } of sockets) socket.write(`${upgradeRequest(pathOf(randomUUID()))}\r\n`);
      await all;
      server.removeAllListeners('upgrade');
      const gateway = await fixture.serve({ server });
      for (const upgrade of upgrades) server.emit('upgrade', ...upgrade);
      expect(fixture.coordinator.coordinations).to.have.lengthOf(32);
      await gateway.eventsOf('opened', 100);
      for (const { socket } of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    });
  });

  it('do not count who was refused', async () => {
    const gateway = await fixture.serve({ limits: { maxConnections: 1 } });
    for (let index = 0; index < 3; index++) expect(await refusedUpgrade(gateway.url)).to.include({ status: 400 });
    await fixture.join(gateway);
  });

  describe('on the rate of messages', () => {
    it('stop reading from who sends too much, until time has passed, and lose nothing', async () => {
      const clock = new Clock();
      const gateway = await fixture.serve({ scheduler: clock, limits: { requestsPerSecond: 100, requestBurst: 50 } });
      const peer = await fixture.join(gateway);
      const { requests$ } = await fixture.coordinator.coordination(alice);
      const received: number[] = [];
      requests$.subscribe(({ updateSelf }) => received.push(updateSelf?.node?.preferredDerp ?? 0));
      const derps = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
      const send = (derp: number) => {
        peer.send(requests.updateSelf({ preferredDerp: derp }));
      };
      // These arrive together, and what has arrived is not given back.
      for (const derp of derps(60)) send(derp);
      await firstValueFrom(requests$.pipe(take(60), toArray()));
      send(61);
      await roundTrip(gateway);
      expect(received).to.deep.equal(derps(60));
      // Ten messages of debt and a tenth of a second's worth: 20 at 100 a second.
      clock.advanceTo(199);
      await roundTrip(gateway);
      expect(received).to.deep.equal(derps(60));
      clock.advanceTo(200);
      await firstValueFrom(requests$.pipe(take(61), toArray()));
      expect(received).to.deep.equal(derps(61));
    });

    it('hold, too, when the coordinator listens anew', async () => {
      fixture.coordinator.listensLate = true;
      const gateway = await fixture.serve({ scheduler: new Clock(), limits: { requestBurst: 1 } });
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      coordination.listen();
      for (const id of [bob, carol]) peer.send(requests.addTunnel(id));
      await firstValueFrom(coordination.requests$.pipe(take(2), toArray()));
      let disconnects = 0;
      coordination.requests$.subscribe(({ disconnect }) => (disconnects += disconnect === undefined ? 0 : 1));
      coordination.listen();
      peer.send(requests.disconnect());
      fixture.coordinator.listensLate = false;
      await roundTrip(gateway);
      expect(disconnects).to.equal(0);
    });

    it('count pings as well', async () => {
      const clock = new Clock();
      const gateway = await fixture.serve({ scheduler: clock, limits: { requestsPerSecond: 1, requestBurst: 1 } });
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      for (let index = 0; index < 2; index++) {
        peer.webSocket.ping();
        await once(peer.webSocket, 'pong');
      }
      peer.send(requests.addTunnel(bob));
      await roundTrip(gateway);
      let hasCome = false;
      coordination.requests$.subscribe(() => (hasCome = true));
      expect(hasCome).to.equal(false);
      clock.advanceTo(2000);
      await firstValueFrom(coordination.requests$);
    });

    it('cut off who pings at once more often than pongs can be sent', async () => {
      const gateway = await fixture.serve();
      const { socket, answer } = rawSocket(gateway.url);
      socket.write(`${upgradeRequest(`/api/v2/coordinate?id=${alice}`)}\r\n`);
      const coordination = await fixture.coordinator.coordination(alice);
      socket.pause();
      const ping = Buffer.from([0x89, 0xfd, 0, 0, 0, 0, ...new Uint8Array(125)]);
      const pings = Buffer.concat(Array.from({ length: 500 }, () => ping));
      const flood = () => {
        while (!socket.destroyed && socket.write(pings));
      };
      socket.on('drain', flood);
      flood();
      await coordination.unsubscribed();
      expect(await gateway.event('closed')).to.include({ code: 1006 });
      socket.resume();
      await answer;
    });

    it('let as many pongs wait as they are told', async () => {
      const server = createServer();
      server.listen(0, '127.0.0.1');
      const sockets: Socket[] = [];
      server.on('connection', (socket) => sockets.push(socket));
      const gateway = await fixture.serve({ server, limits: { maxPendingPongs: 10 } });
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      // From now on nothing that the gateway sends is on its way.
      sockets[0]?.cork();
      for (let ping = 1; ping <= 10; ping++) peer.webSocket.ping();
      peer.send(requests.addTunnel(bob));
      await firstValueFrom(coordination.requests$);
      peer.webSocket.ping();
      await coordination.unsubscribed();
      expect(await gateway.event('closed')).to.include({ code: 1006 });
      server.close();
      await once(server, 'close');
    });

    it('count pongs that nobody asked for', async () => {
      const clock = new Clock();
      const gateway = await fixture.serve({ scheduler: clock, limits: { requestsPerSecond: 1, requestBurst: 2 } });
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      for (let index = 0; index < 2; index++) peer.webSocket.pong();
      peer.webSocket.ping();
      await once(peer.webSocket, 'pong');
      peer.send(requests.addTunnel(bob));
      await roundTrip(gateway);
      let hasCome = false;
      coordination.requests$.subscribe(() => (hasCome = true));
      expect(hasCome).to.equal(false);
      clock.advanceTo(2000);
      await firstValueFrom(coordination.requests$);
    });

    it('count bytes as well, those of frames around a message included', async () => {
      const clock = new Clock();
      const gateway = await fixture.serve({ scheduler: clock, limits: { bytesPerSecond: 1000, byteBurst: 2000 } });
      const peer = await fixture.join(gateway);
      const { requests$ } = await fixture.coordinator.coordination(alice);
      let received = 0;
      requests$.subscribe(() => received++);
      // 400 pieces without content: an empty request, in 2400 bytes.
      for (let piece = 1; piece < 400; piece++) peer.webSocket.send(Buffer.alloc(0), { fin: false });
      peer.webSocket.send(Buffer.alloc(0));
      await firstValueFrom(requests$);
      peer.send(requests.addTunnel(bob));
      await roundTrip(gateway);
      expect(received).to.equal(1);
      // 400 bytes of debt and a tenth of a second's worth: 500 at 1000 a second.
      clock.advanceTo(499);
      await roundTrip(gateway);
      expect(received).to.equal(1);
      clock.advanceTo(500);
      await firstValueFrom(requests$.pipe(take(2), toArray()));
    });

    it('do not keep a close frame from being answered', async () => {
      const clock = new Clock();
      const gateway = await fixture.serve({ scheduler: clock, limits: { requestsPerSecond: 1, requestBurst: 1 } });
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      peer.send(requests.addTunnel(bob));
      peer.send(requests.addTunnel(carol));
      await firstValueFrom(coordination.requests$.pipe(take(2), toArray()));
      coordination.end('coordinator closed');
      expect(await peer.closed).to.include({ code: 1001 });
      expect(await gateway.event('closed')).to.include({ code: 1001 });
      // Nobody waits for the rate any more.
      expect(clock.actions.filter(({ delay }) => delay > 0)).to.deep.equal([]);
    });
  });

  describe('on what waits for a slow receiver', () => {
    const kilobytes64 = 'x'.repeat(65_536);

    /** Sends as long as it may; how many responses that were. */
    const fill = (coordination: Coordination): number => {
      let count = 0;
      while (coordination.ready.at(-1) === true && count < 1000) {
        coordination.responses$.next(response(kilobytes64));
        count++;
      }
      return count;
    };

    it('tell the coordinator to wait until all was sent', async () => {
      const gateway = await fixture.serve({ limits: { highWaterMark: 300_000 } });
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      peer.webSocket.pause();
      const count = fill(coordination);
      expect(coordination.ready).to.deep.equal([true, false]);
      expect(count).to.be.below(1000);
      peer.webSocket.resume();
      await coordination.becomes(true);
      coordination.responses$.next(response('last'));
      await peer.count(count + 1);
      expect(peer.messages).to.have.lengthOf(count + 1);
      coordination.end();
      await peer.closed;
      expect(await gateway.event('closed')).to.include({ sent: count + 1, code: 1000 });
    });

    it('end when all was sent, however little it was', async () => {
      const gateway = await fixture.serve({ limits: { highWaterMark: 1 } });
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      peer.webSocket.pause();
      while (coordination.ready.at(-1) === true) coordination.responses$.next(response('x'.repeat(1000)));
      peer.webSocket.resume();
      await coordination.becomes(true);
    });

    it('ask to wait after some hundred messages in a turn, and send the others in the next, in order', async () => {
      const gateway = await fixture.serve();
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      for (let index = 1; index <= 300; index++) coordination.responses$.next(response(String(index)));
      expect(coordination.ready.at(-1)).to.equal(false);
      await peer.count(300);
      await coordination.becomes(true);
      const came = peer.messages.map(
        ({ data }) => CoordinateResponse.decode(new Uint8Array(data)).peerUpdates[0]?.reason,
      );
      expect(came).to.deep.equal(Array.from({ length: 300 }, (_, index) => String(index + 1)));
    });

    it('send what waits for its turn before the connection is closed', async () => {
      const gateway = await fixture.serve();
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      for (let index = 1; index <= 300; index++) coordination.responses$.next(response(String(index)));
      coordination.end('coordinator closed');
      expect(await peer.closed).to.include({ code: 1001 });
      expect(peer.messages).to.have.lengthOf(301);
      expect(await gateway.event('closed')).to.include({ sent: 301, code: 1001 });
    });

    it('hold back no warnings, which nobody has to know: one that finds the receiver not ready is dropped', async () => {
      const gateway = await fixture.serve();
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      peer.webSocket.pause();
      const count = fill(coordination);
      const warning = { peerUpdates: [], error: `you do not share a tunnel with "${bob}"` };
      for (let index = 0; index < 1000; index++) coordination.responses$.next(warning);
      peer.webSocket.resume();
      await coordination.becomes(true);
      coordination.responses$.next(warning);
      await peer.count(count + 1);
      coordination.end('coordinator closed');
      expect(await peer.closed).to.include({ code: 1001, messages: count + 2 });
    });

    it('hold for each receiver apart', async () => {
      const gateway = await fixture.serve({ limits: { highWaterMark: 1 } });
      const slow = await fixture.join(gateway, `id=${alice}`);
      const quick = await fixture.join(gateway, `id=${bob}`);
      slow.webSocket.pause();
      fill(await fixture.coordinator.coordination(alice));
      const coordination = await fixture.coordinator.coordination(bob);
      coordination.responses$.next(response());
      await quick.next();
      expect(coordination.ready).to.deep.equal([true]);
    });

    it('hold nobody back after the connection has ended', async () => {
      const gateway = await fixture.serve();
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      peer.webSocket.pause();
      peer.send(requests.disconnect());
      await firstValueFrom(coordination.requests$);
      fill(coordination);
      peer.webSocket.terminate();
      await coordination.becomes(true);
      for (let index = 0; index < 32; index++) coordination.responses$.next(response(kilobytes64));
      expect(coordination.ready.at(-1)).to.equal(true);
      coordination.end();
    });

    it('tell the newest state to all who ask, also when a response follows at once', async () => {
      const gateway = await fixture.serve({ limits: { highWaterMark: 1 } });
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      const { ready$ } = coordination.options;
      if (!ready$) throw new Error('the gateway gives no ready$');
      peer.webSocket.pause();
      fill(coordination);
      const states: boolean[] = [];
      // The first of these subscribers sends again as soon as it may.
      const first = ready$.pipe(filter(Boolean), take(1)).subscribe(() => fill(coordination));
      const second = ready$.subscribe((ready) => states.push(ready));
      peer.webSocket.resume();
      await coordination.becomes(true);
      peer.webSocket.pause();
      fill(coordination);
      expect(states.at(-1)).to.equal(coordination.ready.at(-1));
      first.unsubscribe();
      second.unsubscribe();
    });
  });

  describe('on silence', () => {
    it('terminate who does not answer a ping until the next', async () => {
      const clock = new Clock();
      const gateway = await fixture.serve({ scheduler: clock, limits: { pingPeriod: 64_000 } });
      const peer = await fixture.join(gateway, `id=${alice}`, [], { autoPong: false });
      const coordination = await fixture.coordinator.coordination(alice);
      const pinged = once(peer.webSocket, 'ping');
      clock.advanceTo(1000);
      await pinged;
      clock.advanceTo(68_999);
      await roundTrip(gateway);
      expect(coordination.isUnsubscribed).to.equal(false);
      clock.advanceTo(69_000);
      await coordination.unsubscribed();
      expect(await peer.closed).to.include({ code: 1006 });
      expect(await gateway.event('closed')).to.include({ code: 1006, reason: 'no sign of life', durationMs: 69_000 });
    });

    it('leave alone who answers', async () => {
      const gateway = await fixture.serve({ limits: { pingPeriod: 20 } });
      const peer = await fixture.join(gateway);
      for (let ping = 0; ping < 5; ping++) await once(peer.webSocket, 'ping');
      const { responses$ } = await fixture.coordinator.coordination(alice);
      responses$.next(response());
      await peer.next();
      expect(gateway.events.map(({ kind }) => kind)).to.deep.equal(['listening', 'opened']);
    });

    it('take a message for an answer', async () => {
      const clock = new Clock();
      const gateway = await fixture.serve({ scheduler: clock, limits: { pingPeriod: 64_000 } });
      const peer = await fixture.join(gateway, `id=${alice}`, [], { autoPong: false });
      const coordination = await fixture.coordinator.coordination(alice);
      clock.advanceTo(1000);
      peer.send(requests.updateSelf({}));
      await firstValueFrom(coordination.requests$);
      const pinged = once(peer.webSocket, 'ping');
      clock.advanceTo(69_000);
      await pinged;
      expect(coordination.isUnsubscribed).to.equal(false);
    });

    it('do not blame a peer that is not listened to', async () => {
      fixture.coordinator.listensLate = true;
      const clock = new Clock();
      const gateway = await fixture.serve({ scheduler: clock, limits: { pingPeriod: 64_000 } });
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      clock.advanceTo(400_000);
      peer.send(requests.addTunnel(bob));
      coordination.listen();
      await firstValueFrom(coordination.requests$);
      expect(coordination.isUnsubscribed).to.equal(false);
    });

    it('give four periods to who cannot have received the ping yet', async () => {
      const clock = new Clock();
      const gateway = await fixture.serve({ scheduler: clock, limits: { pingPeriod: 64_000, highWaterMark: 1 } });
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      peer.webSocket.pause();
      while (coordination.ready.at(-1) === true) coordination.responses$.next(response('x'.repeat(65_536)));
      // Asked at 1000, silent at 65000, 129000, 193000 and 257000.
      clock.advanceTo(260_999);
      await roundTrip(gateway);
      expect(coordination.isUnsubscribed).to.equal(false);
      clock.advanceTo(261_000);
      await coordination.unsubscribed();
      expect(await gateway.event('closed')).to.include({ code: 1006, reason: 'no sign of life' });
    });
  });

  /** Time enough for a server to do whatever it would do: somebody else connects, asks and is answered. */
  const roundTrip = async (gateway: ServedGateway): Promise<void> => {
    const id = randomUUID();
    const peer = await fixture.join(gateway, `id=${id}`);
    peer.send(requests.updateSelf({}));
    const { requests$, responses$ } = await fixture.coordinator.coordination(id);
    await firstValueFrom(requests$);
    responses$.next(response());
    await peer.next();
    peer.webSocket.terminate();
  };
});

/** Time that passes only when told. */
class Clock extends VirtualTimeScheduler {
  advanceTo(time: number): void {
    this.maxFrames = time;
    this.flush();
    this.frame = time;
  }
}
