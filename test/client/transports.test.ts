import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import { createServer, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { once } from 'node:events';
import { expect } from 'chai';
import { ReplaySubject, Subject, Subscription, filter, firstValueFrom, interval, lastValueFrom, of } from 'rxjs';
import { WebSocket as UndiciWebSocket } from 'undici';
import { WebSocketServer } from 'ws';
import { browserWebSocketTransport } from '../../src/client/browserWebSocketTransport.js';
import type { BrowserWebSocket } from '../../src/client/browserWebSocketTransport.js';
import { grpcTransport } from '../../src/client/grpc.js';
import {
  TailnetClientError,
  tailnetClient$,
  webSocketTransport,
  type TailnetClientOptions,
  type TailnetState,
  type Transport,
} from '../../src/client/index.js';
import type { Coordinator } from '../../src/api.js';
import { createCoordinator } from '../../src/coordinator.js';
import { identityFromCallToken, identityFromToken, jwtSecret, jwtVerifier } from '../../src/gateways/index.js';
import { alice, bob, carol, memoryDatabase, testPeer, type TestPeer } from '../../src/testing/index.js';
import { clock, mint, secret } from '../auth/jwt/mint.js';
import { ServedGrpcGateway } from '../gateways/grpcFixture.js';
import { ServedGateway } from '../gateways/servedGateway.js';
import { certificate } from '../support/certificate.js';
import { tcpProxy } from '../support/tcpProxy.js';
import { describeState } from './describeState.js';

/** How a coordinator is served, and how it is reached. */
interface Carrier {
  readonly name: string;
  readonly transport: (options?: {
    readonly silence?: number;
    readonly handshakeTimeout?: number;
    readonly tls?: { readonly ca: string };
  }) => Transport;
  readonly serve: (coordinator: Coordinator, options?: object) => Promise<ServedGateway | ServedGrpcGateway>;
  readonly identify: () => object;
  /** How it says that a token is no good. */
  readonly unauthenticated: object;
}

const verifier = () => jwtVerifier({ keys: jwtSecret(secret), scheduler: clock() });

const webSockets = {
  serve: (coordinator: Coordinator, options = {}) => ServedGateway.start(coordinator, options),
  identify: () => ({ identify: identityFromToken(verifier()) }),
};
const inNode: Carrier = {
  ...webSockets,
  name: 'a WebSocket of ws',
  transport: (options) => webSocketTransport(options),
  unauthenticated: { status: 401, reason: 'HTTP 401 token has a wrong signature' },
};
const overGrpc: Carrier = {
  name: 'gRPC',
  transport: (options) => grpcTransport(options),
  serve: (coordinator, options = {}) => ServedGrpcGateway.start(coordinator, options),
  identify: () => ({ identify: identityFromCallToken(verifier()) }),
  unauthenticated: { code: 1008, reason: 'token has a wrong signature' },
};
const asInBrowsers: Carrier = {
  ...webSockets,
  name: 'a WebSocket as browsers have it',
  transport: () => browserWebSocketTransport(() => UndiciWebSocket as BrowserWebSocket),
  unauthenticated: {},
};

/** A client, and all that it has known. */
class Seen {
  readonly states$ = new ReplaySubject<TailnetState>();
  readonly goodbye = new Subject<void>();
  readonly subscription: Subscription;

  constructor(options: Pick<TailnetClientOptions, 'url' | 'transport'> & Partial<TailnetClientOptions>) {
    const inputs = { id: alice, node$: of({ preferredDerp: 7 }), tunnels$: of([bob]), goodbye$: this.goodbye };
    this.subscription = tailnetClient$({ ...inputs, backoff: { initial: 50, max: 50 }, ...options }).subscribe(
      this.states$,
    );
  }

  /** Waits until it has known what these words describe; a number of 13 digits in them is a time. */
  async sees(pattern: RegExp): Promise<TailnetState> {
    return firstValueFrom(this.states$.pipe(filter((state) => pattern.test(describeState(state)))));
  }

  /** Waits for its error. */
  async fails(): Promise<TailnetClientError> {
    const error = await lastValueFrom(this.states$).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    if (error instanceof TailnetClientError) return error;
    throw new Error('it did not end with an error of its own', { cause: error });
  }
}

for (const carrier of [inNode, asInBrowsers, overGrpc]) {
  describe(`a client over ${carrier.name}`, () => {
    let ends: (() => unknown)[];
    let coordinator: Coordinator;
    let bobs: TestPeer;
    const database = memoryDatabase();

    beforeEach(() => {
      ends = [];
      coordinator = createCoordinator({ database });
      bobs = testPeer(coordinator, bob);
    });
    afterEach(async () => {
      for (const end of ends) await end();
      bobs.drop();
      await coordinator.close();
    });

    const serve = async (options?: object, by = coordinator) => {
      const gateway = await carrier.serve(by, options);
      ends.push(() => gateway.subscription.unsubscribe());
      return gateway;
    };
    const client = (url: string, options: Partial<TailnetClientOptions> = {}): Seen => {
      const seen = new Seen({ url, transport: carrier.transport(), ...options });
      ends.unshift(() => seen.subscription.unsubscribe());
      return seen;
    };

    it('sees another peer and is seen, tells it that it is ready, and says goodbye', async () => {
      const { url } = await serve();
      const alices = client(url);
      bobs.updateDerp(3);
      await alices.sees(/^connected; bob derp 3; bob node \(new\)$/);
      await bobs.eventuallyHasDerp(alice, 7);
      await bobs.eventuallyReadyForHandshake(alice);
      bobs.readyForHandshake(alice);
      await alices.sees(/bob derp 3 ready; bob readyForHandshake$/);
      alices.goodbye.next();
      await alices.sees(/^closed 1000; ; bob disconnected \(goodbye\)$/);
      await bobs.eventuallyDisconnected(alice);
    });

    it('loses all when its coordinator goes, and finds them when another one comes', async () => {
      const gateway = await serve();
      const alices = client(gateway.url);
      bobs.updateDerp(3);
      await alices.sees(/bob derp 3; bob node/);
      await coordinator.close();
      await alices.sees(/^waiting \d+ after 1001 coordinator closed; bob derp 3 lost since \d+; bob lost/);
      gateway.subscription.unsubscribe();
      coordinator = createCoordinator({ database });
      bobs = testPeer(coordinator, bob);
      bobs.updateDerp(4);
      await serve({ port: Number(new URL(gateway.url).port) });
      await alices.sees(/^connected; bob derp 4; bob node \(new\)$/);
      await bobs.eventuallyHasDerp(alice, 7);
    });

    it('is lost for others when it is not subscribed to any more', async () => {
      const alices = client((await serve()).url);
      await bobs.eventuallyHasDerp(alice, 7);
      alices.subscription.unsubscribe();
      await bobs.eventuallyLost(alice);
    });

    it('gives up when it is refused, and when another one comes with its id', async () => {
      const { url } = await serve();
      const role = { role: 'client', agentId: bob } as const;
      const refused = await client(url, { ...role, tunnels$: of([carol]) }).fails();
      expect(refused).to.deep.include({ code: 1008 });
      expect(refused.message).to.match(/^the coordinator refuses this peer: 1008 authorization: .*agent/);
      const older = client(url);
      await older.sees(/^connected/);
      client(url);
      expect(await older.fails()).to.have.property(
        'message',
        'another peer has connected with this id: 4409 peer ID overwritten by new connection',
      );
    });

    it('shows its token, a new one for each connection', async () => {
      const { url } = await serve(carrier.identify());
      const shown = [mint({ sub: alice }).replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')), mint({ sub: alice })];
      const bad = client(url, { token: () => [shown[0] ?? ''] });
      if (carrier === asInBrowsers)
        await bad.sees(/^waiting \d+ after 1006 there was no connection, and a browser does/);
      else expect(await bad.fails()).to.deep.include(carrier.unauthenticated);
      bad.subscription.unsubscribe();
      await client(url, { token: () => Promise.resolve(shown[1] ?? ''), name: 'Alice', role: 'peer' }).sees(
        /^connected/,
      );
    });

    it('gives up a connection over which it hears nothing any more', async function () {
      // A browser does not say what it hears.
      if (carrier === asInBrowsers) return;
      const { url } = await serve();
      await using proxy = await tcpProxy(url);
      const alices = client(proxy.url, { transport: carrier.transport({ silence: 200, handshakeTimeout: 300 }) });
      await alices.sees(/^connected/);
      proxy.set('swallow');
      await alices.sees(/^waiting \d+ after 1006 .*(nothing was heard for 200 ms|Connection dropped)$/);
      proxy.set('pass');
      await firstValueFrom(
        alices.states$.pipe(filter((state, index) => index > 3 && describeState(state).startsWith('connected'))),
      );
    });

    it('trusts over TLS whom it is told to trust, and nobody else', async () => {
      if (carrier === asInBrowsers) return;
      const { cert, key } = await certificate();
      const { url } = await serve({ tls: { cert, key } });
      const named = url.replace('127.0.0.1', 'localhost');
      await client(named).sees(/^waiting \d+ after 1006 .*self-signed certificate/i);
      await client(named, { transport: carrier.transport({ tls: { ca: cert } }) }).sees(/^connected/);
    });

    it('tries again while there is nobody', async () => {
      const nobody = createServer().listen(0, '127.0.0.1');
      await once(nobody, 'listening');
      const { port } = nobody.address() as AddressInfo;
      nobody.close();
      const url = new URL((await serve()).url);
      url.port = String(port);
      const alices = client(url.href);
      await alices.sees(/^waiting \d+ after 1006 \S/);
      await serve({ port });
      await alices.sees(/^connected/);
    });
  });
}

it('a client over gRPC takes no memory for as much as a stranger says that there is to come', async () => {
  const server = createHttp2Server();
  const sessions: ServerHttp2Session[] = [];
  server.on('session', (session) => sessions.push(session));
  server.on('stream', (stream) => {
    stream.on('error', () => undefined).respond({ ':status': 200, 'content-type': 'application/grpc' });
    // 200 MiB.
    stream.write(Uint8Array.of(0, 0x0c, 0x80, 0, 0));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `grpc://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const seen = new Seen({ url, transport: grpcTransport() });
  await seen.sees(/^waiting \d+ after 1009 Received message larger than max/);
  seen.subscription.unsubscribe();
  for (const session of sessions) session.destroy();
  server.close();
});

it('a client over gRPC leaves no connection behind when nobody listens any more at once', async () => {
  const server = createHttp2Server();
  const closed = once(server, 'session').then(([session]: ServerHttp2Session[]) => session && once(session, 'close'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `grpc://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  new Seen({ url, transport: grpcTransport() }).subscription.unsubscribe();
  await closed;
  server.close();
});

it('a client gives up a coordinator that begins to answer, and never ends', async () => {
  const server = createHttpServer();
  const sockets: Duplex[] = [];
  const drips = new Subscription();
  server.on('upgrade', (_request, socket) => {
    sockets.push(socket.on('error', () => undefined));
    socket.write('HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n');
    drips.add(interval(10).subscribe(() => socket.write('1\r\nx\r\n')));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const seen = new Seen({ url, transport: webSocketTransport({ handshakeTimeout: 100 }) });
  await seen.sees(/^waiting \d+ after 1006 (no answer within 100 ms|HTTP 503 x+)$/);
  seen.subscription.unsubscribe();
  drips.unsubscribe();
  for (const socket of sockets) socket.destroy();
  server.close();
});

for (const carrier of [inNode, asInBrowsers, overGrpc]) {
  it(`a client over ${carrier.name} errs when its node is none that can be sent`, async () => {
    const coordinator = createCoordinator({ database: memoryDatabase() });
    const gateway = await carrier.serve(coordinator);
    const node$ = of({ preferredDerp: 1.5 });
    const seen = new Seen({ url: gateway.url, transport: carrier.transport(), node$ });
    const error: unknown = await lastValueFrom(seen.states$).catch((cause: unknown) => cause);
    expect(String(error)).to.match(/^Error: invalid int32: 1.5$/);
    gateway.subscription.unsubscribe();
    await coordinator.close();
  });
}

for (const carrier of [inNode, asInBrowsers]) {
  it(`a client over ${carrier.name} gives up a connection over which nonsense comes`, async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'tailnet.v2.proto' });
    server.once('connection', (socket) => socket.send(Uint8Array.of(255, 255)));
    const closed = new Promise((resolve) => server.once('connection', (socket) => socket.once('close', resolve)));
    await once(server, 'listening');
    const url = `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    const seen = new Seen({ url, transport: carrier.transport() });
    await seen.sees(/^waiting \d+ after 1007 unreadable response, is that a coordinator\? \S/);
    expect(await closed).to.equal(carrier === inNode ? 1007 : 4007);
    seen.subscription.unsubscribe();
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
}
