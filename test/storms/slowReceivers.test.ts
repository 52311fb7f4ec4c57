import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'chai';
import { concat, filter, firstValueFrom, from, mergeMap, NEVER, Subject, take, type Subscription } from 'rxjs';
import type { Coordinator } from '../../src/api.js';
import { createCoordinator } from '../../src/coordinator.js';
import type { Uuid } from '../../src/db/store.js';
import { peerIdOf, requests, type CoordinateRequest } from '../../src/proto/index.js';
import { alice, aNode, memoryDatabase } from '../../src/testing/index.js';
import { PeerSocket } from '../gateways/peerSocket.js';
import { ServedGateway } from '../gateways/servedGateway.js';
import { heapInUse } from './heapInUse.js';

const highWaterMark = 64 * 1024;
const publisherCount = 50;
const slowCount = 10;
const rounds = 2000;

const idOf = (kind: string, index: number): Uuid => `${kind}-0000-4000-8000-${String(index).padStart(12, '0')}`;

describe('receivers that stop reading', function () {
  this.timeout(120_000);

  let coordinator: Coordinator;
  let server: Server;
  let gateway: ServedGateway;
  const accepted: Socket[] = [];
  const slow: PeerSocket[] = [];
  const connected: Subscription[] = [];

  beforeEach(async () => {
    coordinator = createCoordinator({ database: memoryDatabase() });
    await firstValueFrom(coordinator.health$.pipe(filter((health) => health === 'healthy')));
    server = createServer();
    server.on('connection', (socket) => accepted.push(socket));
    server.listen(0, '127.0.0.1');
    gateway = await ServedGateway.start(coordinator, { server, limits: { highWaterMark } });
  });

  afterEach(async () => {
    for (const connection of connected) connection.unsubscribe();
    for (const { webSocket } of slow) webSocket.terminate();
    await Promise.all(slow.map(({ closed }) => closed));
    gateway.subscription.unsubscribe();
    server.close();
    await coordinator.close();
  });

  it('cost no more than what may wait for them, while 100000 updates pass, and have the last of each then', async () => {
    const publishers = Array.from({ length: publisherCount }, (_, index) => idOf('a1100000', index));
    const tunnels = publishers.map((id) => requests.addTunnel(id));

    /** What Alice, who reads, has seen last of each publisher. */
    const seen = new Map<Uuid, number>();
    const seen$ = new Subject<void>();
    const alices$ = coordinator.coordinate$(alice, concat(from(tunnels), NEVER));
    connected.push(
      alices$.pipe(mergeMap(({ peerUpdates }) => peerUpdates)).subscribe((update) => {
        seen.set(peerIdOf(update), update.node?.preferredDerp ?? 0);
        seen$.next();
      }),
    );
    const sources = publishers.map((id) => {
      const requests$ = new Subject<CoordinateRequest>();
      connected.push(coordinator.coordinate$(id, requests$).subscribe());
      return { id, requests$ };
    });
    /** Everybody publishes, and Alice is told of all. */
    const publish = async (derp: number): Promise<void> => {
      const everybody = seen$.pipe(
        filter(() => publishers.every((id) => seen.get(id) === derp)),
        take(1),
      );
      const done = firstValueFrom(everybody);
      for (const { id, requests$ } of sources) requests$.next(requests.updateSelf(aNode({ of: id, derp })));
      await done;
    };

    for (let index = 0; index < slowCount; index++) {
      const receiver = new PeerSocket(`${gateway.url}?id=${idOf('510b0000', index)}`);
      slow.push(receiver);
      await once(receiver.webSocket, 'open');
      for (const tunnel of tunnels) receiver.send(tunnel);
    }

    /** Waits until a receiver was told of this by everybody, or of something later. */
    const has = async (receiver: PeerSocket, derp: number): Promise<void> => {
      const last = new Map<Uuid, number>();
      while (last.size < publisherCount || [...last.values()].some((lastDerp) => lastDerp < derp)) {
        for (const update of (await receiver.next()).peerUpdates) {
          last.set(peerIdOf(update), update.node?.preferredDerp ?? 0);
        }
      }
    };
    await publish(1);
    for (const receiver of slow) {
      await has(receiver, 1);
      receiver.webSocket.pause();
    }

    let mostWaiting = 0;
    let heapBefore = 0;
    for (let derp = 2; derp <= rounds; derp++) {
      await publish(derp);
      // In the memory database all of that is one turn, and sockets are for the next.
      await nextTurn();
      mostWaiting = Math.max(mostWaiting, ...accepted.map(({ writableLength }) => writableLength));
      // By then their sockets are full, those of the system included.
      if (derp === rounds / 2) heapBefore = heapInUse();
    }
    expect(mostWaiting, 'bytes that wait for one').to.be.within(highWaterMark, 2 * highWaterMark);
    const growth = heapInUse() - heapBefore;
    expect(growth, 'bytes on the heap, for another 50000 updates').to.be.below(10_000_000);

    for (const { webSocket } of slow) webSocket.resume();
    for (const receiver of slow) {
      await has(receiver, rounds);
      expect(receiver.messages.length).to.be.below((publisherCount * rounds) / 2);
    }
  });
});
