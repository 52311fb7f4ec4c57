import { once } from 'node:events';
import { constants } from 'node:http2';
import type { ClientHttp2Stream } from 'node:http2';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { NEVER } from 'rxjs';
import { IdentityError } from '../../src/gateways/index.js';
import type { GrpcGatewayOptions } from '../../src/gateways/index.js';
import { Clock } from './clock.js';
import { alice } from './gatewayFixture.js';
import { GrpcFixture } from './grpcFixture.js';
import type { ServedGrpcGateway } from './grpcFixture.js';
import { callFrame, frameHead, preface } from './http2Frames.js';
import { closed, framed, RawClient, statusOf } from './rawCall.js';

const check = '/grpc.health.v1.Health/Check';
const watch = '/grpc.health.v1.Health/Watch';
const reflection = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';

describe('strangers at a gRPC gateway', () => {
  let fixture: GrpcFixture;
  let clock: Clock;
  let clients: RawClient[];
  let sockets: Socket[];
  beforeEach(() => {
    fixture = new GrpcFixture();
    clock = new Clock();
    clients = [];
    sockets = [];
  });
  afterEach(() => {
    for (const { session } of clients) session.destroy();
    for (const socket of sockets) socket.destroy();
    fixture.end();
  });

  const rawClient = ({ url }: ServedGrpcGateway): RawClient => {
    const client = new RawClient(url);
    clients.push(client);
    return client;
  };

  const rawSocket = async ({ url }: ServedGrpcGateway): Promise<Socket> => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };

  const ask = (client: RawClient) => statusOf(client.call({}, check).end(framed(new Uint8Array())));

  /** A health watch that was answered. */
  const watching = async (client: RawClient): Promise<ClientHttp2Stream> => {
    const stream = client.call({}, watch);
    stream.end(framed(new Uint8Array()));
    await once(stream, 'data');
    return stream;
  };

  const unservedCalls: readonly (readonly [
    name: string,
    open: (client: RawClient) => ClientHttp2Stream,
    answer: { readonly http?: number; readonly grpc?: number } | undefined,
    options?: Partial<GrpcGatewayOptions>,
  ])[] = [
    ['was refused', (client) => client.call({ 'x-peer-id': 'nobody' }), { grpc: status.INVALID_ARGUMENT }],
    [
      'has its deadline before it is known who calls',
      (client) => client.call({ 'x-peer-id': alice, 'grpc-timeout': '1m' }),
      { grpc: status.DEADLINE_EXCEEDED },
      { identify: () => NEVER },
    ],
    ['asks for what is not there', (client) => client.call({}, '/no.Such/Method'), { grpc: status.UNIMPLEMENTED }],
    ['is no gRPC', (client) => client.call({ 'content-type': 'text/plain' }), { http: 415 }],
    ['never comes to an end', (client) => client.call({}, check), undefined],
  ];
  for (const [name, open, answer, options = {}] of unservedCalls) {
    it(`have no stream for long that ${name}, however long they hold it open`, async () => {
      const limits = { handshakeTimeout: 1000, closeTimeout: 500, ...options.limits };
      const gateway = await fixture.serve({ scheduler: clock, ...options, limits });
      const client = rawClient(gateway);
      await ask(client);
      const stream = open(client);
      if (answer) expect(await statusOf(stream)).to.include(answer);
      else await ask(client);
      expect(stream.closed).to.equal(false);
      clock.advanceTo(1500);
      await closed(stream);
      expect(stream.rstCode).to.equal(answer ? constants.NGHTTP2_NO_ERROR : constants.NGHTTP2_ENHANCE_YOUR_CALM);
      await ask(client);
    });
  }

  it('have no more such streams than sockets without a peer', async () => {
    const gateway = await fixture.serve({ limits: { maxUnfinished: 3 } });
    const client = rawClient(gateway);
    const [first, second, third] = [1, 2, 3].map(() => client.call({}, check));
    await ask(client);
    await closed(first!);
    expect([second?.closed, third?.closed]).to.deep.equal([false, false]);
  });

  it('push nobody out who is being identified', async () => {
    const gateway = await fixture.serve({ identify: () => NEVER, limits: { maxUnfinished: 2 } });
    const client = rawClient(gateway);
    const honest = client.call({ 'x-peer-id': alice });
    for (let count = 0; count < 3; count++) client.call({}, check);
    await ask(client);
    expect(honest.closed).to.equal(false);
  });

  for (const [name, path] of [
    ['watch health', watch],
    ['ask what the server speaks', reflection],
  ] as const) {
    it(`${name} in so many calls over one socket, and get RESOURCE_EXHAUSTED for one more`, async () => {
      const gateway = await fixture.serve();
      const client = rawClient(gateway);
      const open = () => {
        const stream = client.call({}, path);
        if (path === watch) stream.end(framed(new Uint8Array()));
        return stream;
      };
      const [first] = Array.from({ length: 10 }, open);
      expect(await statusOf(open())).to.include({ grpc: status.RESOURCE_EXHAUSTED });
      const other = rawClient(gateway);
      await watching(other);
      first?.close(constants.NGHTTP2_CANCEL);
      await ask(client);
      await watching(client);
      expect(await statusOf(open())).to.include({ grpc: status.RESOURCE_EXHAUSTED });
    });
  }

  it('watch health in no more calls than there may be connections', async () => {
    const gateway = await fixture.serve({ limits: { maxConnections: 2 } });
    const [first] = await Promise.all([rawClient(gateway), rawClient(gateway)].map(watching));
    const third = rawClient(gateway);
    const refused = third.call({}, watch);
    let details: unknown;
    refused.on('response', (headers) => (details = headers['grpc-message']));
    expect(await statusOf(refused.end(framed(new Uint8Array())))).to.include({ grpc: status.RESOURCE_EXHAUSTED });
    expect(decodeURI(String(details))).to.equal('too many health watches and reflections: at most 2');
    first?.close(constants.NGHTTP2_CANCEL);
    await ask(clients[0]!);
    await watching(third);
  });

  it('who are silent do not push out who watches health', async () => {
    const gateway = await fixture.serve({ limits: { maxUnfinished: 1 } });
    const client = rawClient(gateway);
    const stream = await watching(client);
    const first = await rawSocket(gateway);
    const second = await rawSocket(gateway);
    await once(first.resume(), 'close');
    expect([client.session.destroyed, second.destroyed]).to.deep.equal([false, false]);
    // Who watches no more counts again, and is not the oldest.
    const gone = once(second.resume(), 'close');
    stream.close(constants.NGHTTP2_CANCEL);
    await gone;
    await ask(client);
  });

  it('send little metadata, whatever they make of the settings that say so', async () => {
    const gateway = await fixture.serve({
      identify: () => {
        throw new IdentityError('seen');
      },
    });
    const client = rawClient(gateway);
    expect(await statusOf(client.call({ authorization: `Bearer ${'x'.repeat(8192)}` }))).to.include({
      grpc: status.INVALID_ARGUMENT,
    });
    const large = client.call({ 'x-long': 'x'.repeat(17_000) });
    await closed(large);
    expect(large.rstCode).to.equal(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    // This one confirms no settings.
    const socket = await rawSocket(gateway);
    socket.write(Buffer.concat([preface, callFrame(1, ['x-long', 'x'.repeat(16_200)])]));
    const received: Buffer[] = [];
    socket.on('data', (data: Buffer) => received.push(data));
    const reset = Buffer.concat([frameHead(4, 3, 0, 1), Buffer.from([0, 0, 0, constants.NGHTTP2_ENHANCE_YOUR_CALM])]);
    while (!Buffer.concat(received).includes(reset)) await once(socket, 'data');
  });
});
