import { expect } from 'chai';
import { Subject, VirtualTimeScheduler } from 'rxjs';
import type { Coordinator } from '../src/api.js';
import { createCoordinator } from '../src/coordinator.js';
import { channels } from '../src/db/bus.js';
import type { FaultyDatabase } from '../src/testing/index.js';
import {
  aNode,
  alice,
  bob,
  carol,
  describeUpdates,
  east,
  memoryDatabase,
  nameOf,
  north,
  south,
} from '../src/testing/index.js';
import type { CoordinateRequest } from '../src/proto/gen/tailnet.js';
import { encodeNode } from '../src/proto/node.js';
import { holdNode } from '../src/proto/nodeBytes.js';
import { requests } from '../src/proto/requests.js';
import { parseRequest, validateRequest } from '../src/proto/validate.js';
import { peerAuth } from '../src/auth/peerAuth.js';
import { nextBinding } from '../src/streams/binder.js';
import { bindingDecoder } from '../src/streams/bindingDecoder.js';
import { HeldNode } from '../src/streams/heldNode.js';
import { difference } from '../src/streams/mapper.js';
import { View } from '../src/streams/view.js';
import { pino } from 'pino';

// The story of one update. Alice is connected to the coordinator `north`, bob to `south`, and bob has opened a tunnel to
// alice. Alice says where she can be reached. What has to happen until bob knows?
//
// Read it from top to bottom. First come the decisions, one by one; they are plain functions over plain data. Then comes
// the same update again, through two whole coordinators, with every call and every message written down.

const herNode = aNode({ of: alice, derp: 7 });

describe('the story of one update', () => {
  describe('what is decided on the way', () => {
    it('1. alice asks: a request is a message with parts, and "update self" is one of them', () => {
      const request = requests.updateSelf(herNode);
      expect(request.updateSelf?.node?.preferredDerp).to.equal(7);
      expect([request.addTunnel, request.disconnect]).to.deep.equal([undefined, undefined]);
    });

    it('2. north looks at the shape of the request, asks whether it is allowed, and reads all of it', () => {
      const request = requests.updateSelf(herNode);
      // Nothing is wrong, and nothing stands against it. Only now may any part of it take effect.
      expect(validateRequest(request)).to.equal(undefined);
      expect(peerAuth()(request)).to.equal(undefined);
      expect(parseRequest(request).node).to.deep.equal(herNode);
    });

    it('3. the binder compares with the last node: who says the same again, but for the time of day, writes nothing', () => {
      const node = holdNode(herNode);
      const first = nextBinding(undefined, { kind: 'node', peerId: alice, node });
      expect(first).to.deep.equal({ kind: 'node', peerId: alice, node });
      const sameButLater = holdNode({ ...herNode, asOf: { seconds: 1n, nanos: 0 } });
      expect(nextBinding(first, { kind: 'node', peerId: alice, node: sameButLater })).to.equal(undefined);
    });

    it('4. south keeps a view of the tables, but only of those with whom its own peers share a tunnel', () => {
      const view = new View(south, bindingDecoder(pino({ level: 'silent' })));
      view.join(bob);
      view.setNeighbours(bob, new Set([alice]));
      expect([view.isWatched(alice), view.isWatched(carol)]).to.deep.equal([true, false]);
      // There is a tunnel, but her node has not been read yet. That is not the same as being absent.
      expect(view.sight(bob, alice)).to.equal('unknown');

      view.setLive(new Set([north]));
      const row = {
        peerId: alice,
        coordinatorId: north,
        node: encodeNode(herNode),
        status: 'ok',
        updatedAt: 1,
      } as const;
      expect(view.setBindings(alice, [row]), 'her watchers must look again').to.equal(true);
      expect([...view.watchersOf(alice)]).to.deep.equal([bob]);
      expect(view.sight(bob, alice)).to.deep.include({ kind: 'node' });
    });

    it('5. the mapper tells bob the difference between what he was told and what is true, and no more', () => {
      const now = { kind: 'node', node: new HeldNode(holdNode(herNode), { ...herNode }), updatedAt: 1 } as const;
      const { news, sent } = difference(undefined, now);
      expect(news?.reason).to.equal('new');
      // Once he was told, there is nothing to tell.
      expect(difference(sent, now).news).to.equal(undefined);
    });
  });

  describe('the same, through whole coordinators', () => {
    // Time is virtual. A call to the database takes 10 ms: it is done after 5, and answered after 10. A notification
    // takes 2 ms. So each step has a time of its own, and the journal shows what waits for what.
    const scheduler = new VirtualTimeScheduler();
    const database = memoryDatabase({ scheduler });
    const journal: string[] = [];
    let from = Infinity;

    const passTo = (milliseconds: number): void => {
      scheduler.maxFrames = milliseconds;
      scheduler.flush();
      scheduler.frame = milliseconds;
    };
    const write = (text: string): void => {
      if (scheduler.now() >= from) journal.push(`${String(scheduler.now() - from)} ms: ${text}`);
    };

    /** A wire to the database that writes down what is asked. */
    const spied = (id: string): FaultyDatabase => {
      const wire = database.connect({ latency: 10, busLatency: 2 });
      wire.faults.calls$.subscribe(({ method, args }) => {
        if (method === 'heartbeat') return;
        const whom = [alice, bob, carol].filter((peerId) => JSON.stringify(args).includes(peerId)).map(nameOf);
        write(`${nameOf(id)} calls ${method} for ${whom.join(' and ')}`);
      });
      return wire;
    };

    const connect = (id: string, requests$: Subject<CoordinateRequest>, to: Coordinator): void => {
      to.coordinate$(id, requests$).subscribe((response) => {
        for (const line of describeUpdates(response)) write(`${nameOf(id)} is told: ${line}`);
      });
    };
    const [atNorth, atSouth, atEast] = [north, south, east].map((id) =>
      createCoordinator({ database: spied(id), id, scheduler, random: () => 0.5 }),
    );
    if (!atNorth || !atSouth || !atEast) throw new Error('three coordinators are needed');

    const alices$ = new Subject<CoordinateRequest>();
    const bobs$ = new Subject<CoordinateRequest>();
    const carols$ = new Subject<CoordinateRequest>();

    before('everybody is there, and everything is quiet', () => {
      passTo(500);
      connect(alice, alices$, atNorth);
      connect(bob, bobs$, atSouth);
      // Carol is at east, and has nothing to do with anybody.
      connect(carol, carols$, atEast);
      bobs$.next(requests.addTunnel(alice));
      passTo(10_000);

      from = scheduler.now();
      database.bus.listen$(channels.peer).subscribe((event) => {
        if (event.kind === 'message') write(`${channels.peer} says ${nameOf(event.payload)}`);
      });
      write('alice says derp 7');
      alices$.next(requests.updateSelf(herNode));
      passTo(10_500);
    });

    after(() => {
      for (const each of [atNorth, atSouth, atEast]) void each.close();
      passTo(60_000);
    });

    it('goes once through the database: written and announced in one statement, read by the one who must know', () => {
      expect(journal).to.deep.equal([
        '0 ms: alice says derp 7',
        // What alice says is not queued behind anything. What others at north said in this moment shares the statement.
        '0 ms: north calls writeBindings for alice',
        // With the row comes its notification, in one transaction: whoever hears of a change can read it.
        '5 ms: tailnet_peer_update says alice',
        // All coordinators hear alice's id 2 ms later. North has nobody who shares a tunnel with her, and east neither:
        // for them it was a look-up in memory. South reads her row, once, however many of its peers want to know.
        '7 ms: south calls readBindings for alice',
        // The view has her node, the mapper finds that bob was told nothing of her, and that is all that he is told.
        '17 ms: bob is told: alice NODE derp 7 (new)',
      ]);
    });

    it('costs nothing when alice says the same again', () => {
      journal.length = 0;
      alices$.next(requests.updateSelf(herNode));
      passTo(11_000);
      expect(journal).to.deep.equal([]);
    });

    it('is merged with what comes at the same time, and what comes while it is on its way waits for one more statement', () => {
      journal.length = 0;
      from = scheduler.now();
      for (const derp of [1, 2, 3, 4, 5]) alices$.next(requests.updateSelf({ ...herNode, preferredDerp: derp }));
      passTo(from + 3);
      for (const derp of [8, 9]) alices$.next(requests.updateSelf({ ...herNode, preferredDerp: derp }));
      passTo(from + 500);
      expect(journal.filter((line) => !line.includes('update says'))).to.deep.equal([
        '0 ms: north calls writeBindings for alice',
        // With the notification comes the row, and south knows an older one of hers: this time it need not read.
        '7 ms: bob is told: alice NODE derp 5 (update)',
        '10 ms: north calls writeBindings for alice',
        '17 ms: bob is told: alice NODE derp 9 (update)',
      ]);
    });

    it('has a sad sequel: alice drops, and bob is told that she is lost, with the node that he may still try', () => {
      journal.length = 0;
      from = scheduler.now();
      alices$.complete();
      passTo(from + 500);
      expect(journal.at(-1)).to.equal('17 ms: bob is told: alice LOST derp 9 (lost)');
    });
  });
});
