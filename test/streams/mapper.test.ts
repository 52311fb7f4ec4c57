import { expect } from 'chai';
import fc from 'fast-check';
import { NEVER, Subject, map } from 'rxjs';
import type { CoordinateResponse } from '../../src/proto/gen/tailnet.js';
import { PeerUpdateKind, peerIdOf, peerUpdateKindName } from '../../src/proto/responses.js';
import { type Changes, peerIsReady, peersChanged } from '../../src/streams/changes.js';
import { createComposeUpdate } from '../../src/streams/composeUpdate.js';
import { type Sent, difference, mapper } from '../../src/streams/mapper.js';
import type { Mapping } from '../../src/streams/mapping.js';
import type { Sight } from '../../src/streams/view.js';
import {
  aNode,
  alice,
  bob,
  carol,
  dave,
  describeUpdate,
  describeUpdates,
  eve,
  marbles,
} from '../../src/testing/index.js';
import { heldNode } from './support/heldNode.js';

const node = (derp: number, of = bob): Mapping => ({
  ...{ kind: 'node', updatedAt: derp },
  node: heldNode(aNode({ derp, of })),
});
const lost = (derp: number, of = bob): Mapping => ({ ...node(derp, of), kind: 'lost' });

describe('difference', () => {
  const nodeSent = node(1);
  const lostSent = lost(1);
  const now = { node1: node(1), node2: node(2), lost1: lost(1), lost2: lost(2) };

  const cases: readonly (readonly [what: string, sent: Sent, now: Sight, update: string, recorded: Sent])[] = [
    ['nothing of nobody', undefined, 'absent', 'none', undefined],
    ['nothing of somebody who is being read', undefined, 'unknown', 'none', undefined],
    ['nothing of a stranger who is lost, and records nothing', undefined, now.lost1, 'none', undefined],
    ['a new node', undefined, now.node1, 'bob NODE derp 1 (new)', now.node1],

    ['nothing of somebody lost who still is', lostSent, now.lost1, 'none', lostSent],
    ['nothing of somebody lost who has another node, but still is', lostSent, now.lost2, 'none', lostSent],
    [
      'somebody who was lost and is found, with the same node',
      lostSent,
      now.node1,
      'bob NODE derp 1 (found)',
      now.node1,
    ],
    [
      'somebody who was lost and is found, with another node',
      lostSent,
      now.node2,
      'bob NODE derp 2 (found)',
      now.node2,
    ],
    ['somebody lost who has gone', lostSent, 'absent', 'bob DISCONNECTED (disconnected)', undefined],
    ['nothing of somebody lost who is being read', lostSent, 'unknown', 'none', lostSent],

    ['nothing of an equal node, but records it', nodeSent, now.node1, 'none', now.node1],
    ['another node', nodeSent, now.node2, 'bob NODE derp 2 (update)', now.node2],
    ['somebody who is lost, with the node', nodeSent, now.lost1, 'bob LOST derp 1 (lost)', now.lost1],
    ['somebody who is lost, with the newer node', nodeSent, now.lost2, 'bob LOST derp 2 (lost)', now.lost2],
    ['somebody who has gone', nodeSent, 'absent', 'bob DISCONNECTED (disconnected)', undefined],
    ['nothing of somebody who is being read', nodeSent, 'unknown', 'none', nodeSent],
  ];
  for (const [what, sent, now, expected, recorded] of cases) {
    const was = sent?.kind ?? 'nothing';
    const is = typeof now === 'string' ? now : `${now.kind} with derp ${String(now.node.decoded.preferredDerp)}`;
    it(`tells ${what} (told ${was}, now ${is})`, () => {
      const { news, sent: next } = difference(sent, now);
      const composed = news && createComposeUpdate()(bob, news, next?.node);
      expect(composed ? describeUpdate(composed.update) : 'none').to.equal(expected);
      expect(next).to.equal(recorded);
    });
  }

  it('does not take the time at which a node was composed for a difference', () => {
    const later: Mapping = {
      ...node(1),
      node: heldNode(aNode({ of: bob, asOf: { seconds: 5n, nanos: 0 } })),
    };
    const { sent, news } = difference(node(1), later);
    expect(news).to.equal(undefined);
    expect(sent).to.equal(later);
  });

  it('takes a node with other addresses for another one, although all else is the same', () => {
    const moved: Mapping = { ...node(1), node: heldNode(aNode({ of: bob, addresses: ['fd7a::1/128'] })) };
    expect(difference(node(1), moved).news?.reason).to.equal('update');
  });
});

/** A world in which peers are seen as these letters say, and a mapper that looks at it. */
const looking = (world: Map<string, Sight>, maxUpdatesPerResponse = 10, maxResponseSize = Infinity) => ({
  sight: (peerId: string): Sight => world.get(peerId) ?? 'absent',
  maxUpdatesPerResponse,
  maxResponseSize,
});
const inWords = map((response: CoordinateResponse) => describeUpdates(response).join(', '));

describe('mapper', () => {
  it(
    'tells what became of those who may have changed, of nobody else, and nothing if nothing did',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const world = new Map<string, Sight>([
        [bob, node(2)],
        [carol, node(3, carol)],
      ]);
      const changes$ = hot('-b-b-c-x-|', {
        b: peersChanged([bob]),
        c: peersChanged([carol, bob]),
        x: peersChanged([dave]),
      });
      const subs = '        ^--------!';
      const expected = '    -b---c---|';

      expectObservable(changes$.pipe(mapper({ ...looking(world), ready$: NEVER }), inWords)).toBe(expected, {
        b: 'bob NODE derp 2 (new)',
        c: 'carol NODE derp 3 (new)',
      });
      expectSubscriptions(changes$.subscriptions).toBe(subs);
    }),
  );

  it(
    'passes on who is ready for a handshake, without a node or a reason',
    marbles(({ hot, expectObservable }) => {
      const changes$ = hot('-(br)---', { b: peersChanged([bob]), r: peerIsReady(bob) });
      const expected = '    -(br)---';

      expectObservable(changes$.pipe(mapper({ ...looking(new Map([[bob, node(2)]])), ready$: NEVER }), inWords)).toBe(
        expected,
        { b: 'bob NODE derp 2 (new)', r: 'bob READY_FOR_HANDSHAKE' },
      );
    }),
  );

  it(
    'looks when the receiver can take it, so that what happened meanwhile is told as one difference, or not at all',
    marbles(({ hot, scheduler, expectObservable }) => {
      const world = new Map<string, Sight>();
      const see = (at: number, peerId: string, sight: Sight): void => {
        scheduler.schedule(() => world.set(peerId, sight), at);
      };
      see(1, bob, node(1));
      see(3, bob, node(2));
      see(5, bob, node(3));
      // Carol comes and goes while nobody looks.
      see(3, carol, node(7, carol));
      see(5, carol, 'absent');
      const both = peersChanged([bob, carol]);
      const changes$ = hot('--b-b-b----', { b: both });
      const ready$ = hot('  ---n----y--', { n: false, y: true });
      const expected = '    --1-----3--';

      expectObservable(changes$.pipe(mapper({ ...looking(world), ready$ }), inWords)).toBe(expected, {
        '1': 'bob NODE derp 1 (new)',
        '3': 'bob NODE derp 3 (update)',
      });
    }),
  );

  it(
    'puts so many updates in a response, and asks the receiver anew for each response',
    marbles(({ hot, expectObservable }) => {
      const world = new Map<string, Sight>([bob, carol, dave, eve].map((id, index) => [id, node(index, id)]));
      const changes$ = hot('-(cr)-----', { c: peersChanged([bob, carol, dave]), r: peerIsReady(eve) });
      const ready$ = hot('  n-----y---', { n: false, y: true });
      const expected = '    ------(ab)';

      expectObservable(changes$.pipe(mapper({ ...looking(world, 2), ready$ }), inWords)).toBe(expected, {
        a: 'bob NODE derp 0 (new), carol NODE derp 1 (new)',
        b: 'dave NODE derp 2 (new), eve READY_FOR_HANDSHAKE',
      });
    }),
  );

  it(
    'puts nothing more into a response whose nodes have so many bytes',
    marbles(({ hot, expectObservable }) => {
      const large = heldNode(aNode({ of: carol, derp: 1, endpoints: ['x'.repeat(1000)] }));
      const world = new Map<string, Sight>([bob, carol, dave, eve].map((id, index) => [id, node(index, id)]));
      world.set(carol, { ...node(1, carol), node: large });
      const changes$ = hot('-(cr)-----', { c: peersChanged([bob, carol, dave, eve]), r: peerIsReady(bob) });
      const ready$ = hot('  n-----y---', { n: false, y: true });
      const expected = '    ------(ab)';

      expectObservable(changes$.pipe(mapper({ ...looking(world, 10, 1000), ready$ }), inWords)).toBe(expected, {
        a: 'bob NODE derp 0 (new), carol NODE derp 1 (new)',
        b: 'dave NODE derp 2 (new), eve NODE derp 3 (new), bob READY_FOR_HANDSHAKE',
      });
    }),
  );

  it(
    'has told nothing at the start of each subscription',
    marbles(({ hot, expectObservable }) => {
      const changes$ = hot('-b-b-b-', { b: peersChanged([bob]) });
      const updates$ = changes$.pipe(mapper({ ...looking(new Map([[bob, node(2)]])), ready$: NEVER }), inWords);
      const values = { b: 'bob NODE derp 2 (new)' };

      expectObservable(updates$, '^------').toBe('-b-----', values);
      expectObservable(updates$, '--^----').toBe('---b---', values);
    }),
  );

  it(
    'fails when what it looks at does',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const changes$ = hot('-b-', { b: peersChanged([bob]) });
      const sight = (): Sight => {
        throw new Error('a defect');
      };
      const updates$ = changes$.pipe(mapper({ ...looking(new Map()), sight, ready$: NEVER }));
      expectObservable(updates$).toBe('-#', undefined, new Error('a defect'));
      expectSubscriptions(changes$.subscriptions).toBe('^!');
    }),
  );

  /** How a peer is seen; a number is a node with this relay region, a negative one a lost node. */
  type Plain = 'absent' | 'unknown' | number;
  type Step =
    { readonly peer: string; readonly now: Plain } | { readonly handshake: string } | { readonly room: number };

  it('tells a receiver, in the end, all that is true, by steps that each follow from the one before', () => {
    const peers = [alice, bob, carol, dave];
    const peer = fc.constantFrom(...peers);
    const now = fc.constantFrom<Plain>('absent', 'unknown', 1, 2, 3, -1, -2);
    const step: fc.Arbitrary<Step> = fc.oneof(
      { weight: 6, arbitrary: fc.record({ peer, now }) },
      { weight: 1, arbitrary: fc.record({ handshake: peer }) },
      // The receiver takes so many responses from now on, then it is full.
      { weight: 3, arbitrary: fc.record({ room: fc.nat(3) }) },
    );
    const sightOf = (now: Plain, of: string): Sight =>
      typeof now === 'string' ? now : now > 0 ? node(now, of) : lost(-now, of);

    const stepList = fc.array(step, { maxLength: 40, size: 'max' });
    // A node has some 60 bytes.
    const limits = fc.record({ limit: fc.integer({ min: 1, max: 3 }), size: fc.constantFrom(1, 100, Infinity) });
    fc.assert(
      fc.property(stepList, limits, (steps, { limit, size }) => {
        const world = new Map<string, Plain>();
        const changes$ = new Subject<Changes>();
        const ready$ = new Subject<boolean>();
        const wrong: string[] = [];
        /** What the receiver makes of it. */
        const known = new Map<string, number>();
        const handshakes = new Set<string>();
        let room = 2;

        const receive = (id: string, kind: PeerUpdateKind, derp: number | undefined, reason: string): void => {
          const before = known.get(id);
          const happened = `${peerUpdateKindName(kind)} ${String(derp)} (${reason}), knowing ${String(before)}`;
          switch (kind) {
            case PeerUpdateKind.NODE: {
              const expected = before === undefined ? 'new' : before < 0 ? 'found' : 'update';
              if (derp === undefined || reason !== expected || before === derp) wrong.push(happened);
              known.set(id, derp ?? NaN);
              break;
            }
            case PeerUpdateKind.LOST:
              if (derp === undefined || reason !== 'lost' || before === undefined || before < 0) wrong.push(happened);
              known.set(id, -(derp ?? NaN));
              break;
            case PeerUpdateKind.DISCONNECTED:
              if (derp !== undefined || reason !== 'disconnected' || before === undefined) wrong.push(happened);
              known.delete(id);
              break;
            default:
              if (derp !== undefined || reason !== '' || !handshakes.delete(id)) wrong.push(happened);
          }
        };

        const responses$ = changes$.pipe(
          mapper({
            sight: (id) => sightOf(world.get(id) ?? 'absent', id),
            ready$,
            maxUpdatesPerResponse: limit,
            maxResponseSize: size,
          }),
        );
        const subscription = responses$.subscribe(({ peerUpdates, error }) => {
          if (room === 0) wrong.push('a response for which there is no room');
          if (peerUpdates.length === 0 || peerUpdates.length > limit || error !== '')
            wrong.push('a response of that size');
          for (const update of peerUpdates) {
            receive(peerIdOf(update), update.kind, update.node?.preferredDerp, update.reason);
          }
          if (--room === 0) ready$.next(false);
        });

        const isTold = (id: string): boolean => {
          const now = world.get(id) ?? 'absent';
          const told = known.get(id);
          if (now === 'unknown') return true;
          if (now === 'absent') return told === undefined;
          // A stranger who is lost is not told of; of one who was known before it does not matter with which node.
          return now > 0 ? told === now : told === undefined || told < 0;
        };

        for (const step of [...steps, { room: 1000 }]) {
          if ('room' in step) {
            room = step.room;
            ready$.next(room > 0);
          } else if ('handshake' in step) {
            handshakes.add(step.handshake);
            changes$.next(peerIsReady(step.handshake));
          } else {
            world.set(step.peer, step.now);
            changes$.next(peersChanged([step.peer]));
          }
          if (room > 0) {
            expect(peers.filter((id) => !isTold(id))).to.deep.equal([]);
            expect([...handshakes]).to.deep.equal([]);
          }
        }
        expect(wrong).to.deep.equal([]);
        subscription.unsubscribe();
        expect([changes$.observed, ready$.observed]).to.deep.equal([false, false]);
      }),
      { numRuns: 300 },
    );
  });
});
