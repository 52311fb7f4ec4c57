import { fileURLToPath } from 'node:url';
import { once } from 'node:events';
import { expect } from 'chai';
import protobuf from 'protobufjs';
import { filter, firstValueFrom, fromEvent, map, ReplaySubject } from 'rxjs';
import { WebSocket, type CloseEvent, type MessageEvent } from 'undici';
import type { Coordinator } from '../../src/api.js';
import { createCoordinator } from '../../src/coordinator.js';
import { alice, bob, carol, memoryDatabase, testPeer, type TestPeer } from '../../src/testing/index.js';
import { ServedGateway } from './servedGateway.js';

/** What a client reads that knows nothing of this package: the names are those of proto3 JSON. */
interface Response {
  readonly error?: string;
  readonly peerUpdates?: readonly { readonly kind?: string; readonly node?: { readonly preferredDerp?: number } }[];
}

interface Codec {
  readonly encode: (request: object) => string | Uint8Array;
  readonly decode: (data: string | ArrayBuffer) => Response;
}

const proto = fileURLToPath(new URL('../../src/proto/tailnet.proto', import.meta.url));
const idOf = (uuid: string): string => Buffer.from(uuid.replaceAll('-', ''), 'hex').toString('base64');

const json: Codec = { encode: JSON.stringify, decode: (data) => JSON.parse(data as string) as Response };

const binary = async (): Promise<Codec> => {
  const root = await protobuf.load(proto);
  const [request, response] = ['CoordinateRequest', 'CoordinateResponse'].map((name) =>
    root.lookupType(`coder.tailnet.v2.${name}`),
  );
  return {
    encode: (message) => request!.encode(request!.fromObject(message)).finish(),
    decode: (data) => response!.toObject(response!.decode(new Uint8Array(data as ArrayBuffer)), { enums: String }),
  };
};

for (const [protocol, makeCodec] of [
  ['tailnet.v2.json', () => Promise.resolve(json)],
  ['tailnet.v2.proto', binary],
] as const) {
  describe(`a client that nobody here wrote, of undici and protobufjs, speaking ${protocol}`, () => {
    let coordinator: Coordinator;
    let gateway: ServedGateway;
    let bobs: TestPeer;
    let webSocket: WebSocket;
    let codec: Codec;
    let responses$: ReplaySubject<Response>;

    beforeEach(async () => {
      codec = await makeCodec();
      coordinator = createCoordinator({ database: memoryDatabase() });
      gateway = await ServedGateway.start(coordinator);
      bobs = testPeer(coordinator, bob);
      webSocket = new WebSocket(`${gateway.url}?id=${alice}&role=client&agent=${bob}`, protocol);
      webSocket.binaryType = 'arraybuffer';
      responses$ = new ReplaySubject();
      fromEvent(webSocket, 'message')
        .pipe(map((event) => codec.decode((event as MessageEvent<string | ArrayBuffer>).data)))
        .subscribe(responses$);
      await once(webSocket, 'open');
    });
    afterEach(async () => {
      webSocket.close();
      gateway.subscription.unsubscribe();
      await coordinator.close();
    });

    const send = (request: object) => webSocket.send(codec.encode(request));
    const response = (fits: (response: Response) => boolean) => firstValueFrom(responses$.pipe(filter(fits)));
    const closed = async () => ((await once(webSocket, 'close')) as [CloseEvent])[0];

    it('is understood, and understands', async () => {
      expect(webSocket.protocol).to.equal(protocol);
      expect(webSocket.extensions).to.equal('');
      send({ addTunnel: { id: idOf(bob) } });
      send({ updateSelf: { node: { preferredDerp: 7, addresses: ['fd7a:115c:a1e0::1/128'] } } });
      await bobs.eventuallyHasDerp(alice, 7);
      bobs.updateDerp(3);
      await response(({ peerUpdates }) => peerUpdates?.[0]?.node?.preferredDerp === 3);
      await bobs.disconnect();
      const { peerUpdates } = await response((one) => one.peerUpdates?.[0]?.kind === 'DISCONNECTED');
      expect(peerUpdates).to.have.lengthOf(1);
    });

    it('says goodbye, and is closed with 1000', async () => {
      send({ addTunnel: { id: idOf(bob) } });
      send({ updateSelf: { node: { preferredDerp: 7 } } });
      await bobs.eventuallyHasDerp(alice, 7);
      const end = closed();
      send({ disconnect: {} });
      expect(await end).to.include({ code: 1000, wasClean: true });
      await bobs.eventuallyDisconnected(alice);
    });

    it('learns why it is sent away, twice', async () => {
      const end = closed();
      send({ addTunnel: { id: idOf(carol) } });
      const reason = `authorization: invalid agent id, expected ${bob}, got ${carol}`;
      expect((await response(({ error }) => error !== undefined && error !== '')).error).to.equal(reason);
      expect(await end).to.include({ code: 1008, reason, wasClean: true });
    });

    it('sees the coordinator close', async () => {
      const end = closed();
      await coordinator.close();
      expect(await end).to.include({ code: 1001, reason: 'coordinator closed' });
    });
  });
}
