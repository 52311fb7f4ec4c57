import { expect } from 'chai';
import { Observable, type SchedulerLike, VirtualTimeScheduler, map, merge, take } from 'rxjs';
import type { TestScheduler } from 'rxjs/testing';
import type { BindingHint } from '../../src/db/bindingHint.js';
import type { Binding, Tunnel, TunnelWrites, Uuid } from '../../src/db/store.js';
import { decodeNode, encodeNode } from '../../src/proto/node.js';
import { holdNode } from '../../src/proto/nodeBytes.js';
import { Connections } from '../../src/streams/connections.js';
import { createQuerier } from '../../src/streams/querier.js';
import { createTeller } from '../../src/streams/teller.js';
import { View } from '../../src/streams/view.js';
import {
  type WireOptions,
  aNode,
  alice,
  bob,
  carol,
  dave,
  eve,
  marbles,
  nameOf,
  north,
  south,
  west,
} from '../../src/testing/index.js';
import { statementsOf } from './support/describeCall.js';
import { logbook } from './support/logbook.js';
import { northsDatabase } from './support/northsDatabase.js';
import { onTime } from './support/onTime.js';
import { storeCallsOn } from './support/storeCallsOn.js';

const writer = { coordinatorId: north, expiry: 6000 };

const setUp = (
  scheduler: TestScheduler,
  wire: Omit<WireOptions, 'scheduler'> = {},
  turnScheduler: SchedulerLike = scheduler,
) => {
  const database = northsDatabase(scheduler, wire);
  const book = logbook();
  const connections = new Connections();
  const view = new View(north, ({ node }) => decodeNode(node));
  const missing: string[] = [];
  const publishing = new Set<Uuid>();
  const left = new Set<Uuid>();
  /** Who has closed its tunnels again. */
  const closed = new Set<Uuid>();
  const adding = new Map<Uuid, ReadonlySet<Uuid>>();
  const querier = createQuerier({
    ...{ coordinatorId: north, view, connections, scheduler: turnScheduler, logger: book.logger },
    teller: createTeller({ view, connections, scheduler }),
    binder: {
      isOk: (peerId) => !left.has(peerId),
      isPublishing: (peerId) => publishing.has(peerId),
      publishing: () => publishing,
    },
    tunneler: {
      isAdding: (src, dst) => adding.get(src)?.has(dst) === true,
      adding: () => adding.keys(),
      wantedBy: (src) => (closed.has(src) ? new Set() : new Set([alice, bob, carol, dave])),
    },
    calls: storeCallsOn(database.store, scheduler),
    onMissing: (peerId, otherId) => missing.push(`${nameOf(peerId)}>${nameOf(otherId)}`),
  });
  const write = (writes: Partial<TunnelWrites>) => {
    database.tables.store.writeTunnels(writer, { add: [], remove: [], clear: [], ...writes }).subscribe();
  };
  return {
    ...{ database, book, view, missing, publishing, left, closed, adding, querier },
    at: onTime(scheduler),
    statements$: statementsOf(database),
    /** What is found out about, as `alice: bob, carol`. */
    told$: new Observable<string>((subscriber) => {
      for (const peerId of [alice, bob]) {
        connections.open({
          id: peerId,
          tell: ({ peers }) => {
            subscriber.next(`${nameOf(peerId)}: ${peers.map(nameOf).join(', ')}`);
          },
          end: () => undefined,
        });
      }
    }),
    add: (...add: readonly Tunnel[]) => write({ add }),
    remove: (...remove: readonly Tunnel[]) => write({ remove }),
    node: (peerId: Uuid, derp: number) =>
      database.tables.store
        .writeBindings(writer, [{ kind: 'node', peerId, node: encodeNode(aNode({ of: peerId, derp })) }])
        .subscribe(),
    sees: (peerId: Uuid, otherId: Uuid) => {
      const sight = view.sight(peerId, otherId);
      return typeof sight === 'string' ? sight : `${sight.kind} ${String(sight.node.decoded.preferredDerp)}`;
    },
  };
};

const tunnel = (src: Uuid, dst: Uuid): Tunnel => ({ src, dst });

describe('querier', () => {
  it(
    'reads whom a peer that joins shares tunnels with, then what they are, and tells of them when both are known',
    marbles(({ scheduler, expectObservable }) => {
      const { querier, view, at, add, node, sees, statements$, told$ } = setUp(scheduler);
      add(tunnel(alice, bob), tunnel(carol, alice), tunnel(dave, eve));
      node(bob, 2);
      at(1, () => {
        view.join(alice);
        querier.refreshNeighbours(alice);
      });
      at(15, () => expect([sees(alice, bob), sees(alice, dave)]).to.deep.equal(['unknown', 'absent']));
      at(30, () => expect([bob, carol].map((other) => sees(alice, other))).to.deep.equal(['node 2', 'absent']));
      expectObservable(querier.reads$).toBe('-');
      expectObservable(statements$).toBe('-a 9ms b', { a: 'neighbours of alice', b: 'bindings of bob, carol' });
      expectObservable(told$).toBe('21ms a', { a: 'alice: bob, carol' });
    }),
  );

  it(
    'asks nothing about strangers',
    marbles(({ scheduler, expectObservable }) => {
      const { querier, at, statements$ } = setUp(scheduler);
      at(1, () => {
        querier.refreshBindings(bob);
        querier.refreshTunnel(carol, dave);
        querier.refreshNeighbours(eve);
      });
      expectObservable(querier.reads$).toBe('-');
      expectObservable(statements$).toBe('-');
    }),
  );

  it(
    'asks nothing about who is of no interest any more by the time it reads',
    marbles(({ scheduler, expectObservable }) => {
      const { querier, view, at, statements$ } = setUp(scheduler);
      at(1, () => {
        view.join(alice);
        view.setShared(alice, bob, true);
        querier.refreshBindings(bob);
        querier.refreshNeighbours(alice);
        view.leave(alice);
        querier.forget(alice);
      });
      expectObservable(querier.reads$).toBe('-');
      expectObservable(statements$).toBe('-');
    }),
  );

  it(
    'reads one pair for a tunnel that came or went, and the bindings only of who is new',
    marbles(({ scheduler, expectObservable }) => {
      const { querier, view, at, add, remove, node, sees, statements$, told$ } = setUp(scheduler);
      node(carol, 3);
      at(1, () => {
        view.join(alice);
        view.join(bob);
        add(tunnel(carol, alice));
        querier.refreshTunnel(carol, alice);
      });
      at(50, () => {
        add(tunnel(bob, carol));
        querier.refreshTunnel(bob, carol);
      });
      at(99, () => expect([sees(alice, carol), sees(bob, carol)]).to.deep.equal(['node 3', 'node 3']));
      at(100, () => {
        remove(tunnel(carol, alice));
        querier.refreshTunnel(carol, alice);
      });
      at(120, () => expect([sees(alice, carol), sees(bob, carol)]).to.deep.equal(['absent', 'node 3']));
      expectObservable(querier.reads$).toBe('-');
      expectObservable(statements$).toBe('-a 9ms b 38ms c 49ms a', {
        ...{ a: 'pairs alice-carol', b: 'bindings of carol', c: 'pairs bob-carol' },
      });
      expectObservable(told$).toBe('21ms a 38ms b 49ms a', { a: 'alice: carol', b: 'bob: carol' });
    }),
  );

  it(
    'tells a peer of one that went, although another peer begins to watch that one in the same read',
    marbles(({ scheduler, expectObservable }) => {
      const { querier, view, at, add, remove, node, sees, told$ } = setUp(scheduler);
      node(carol, 3);
      at(1, () => {
        view.join(alice);
        view.join(bob);
        add(tunnel(alice, carol));
        querier.refreshTunnel(alice, carol);
      });
      at(50, () => {
        remove(tunnel(alice, carol));
        querier.refreshTunnel(alice, carol);
        add(tunnel(bob, carol));
        querier.refreshTunnel(bob, carol);
      });
      at(99, () => expect([sees(alice, carol), sees(bob, carol)]).to.deep.equal(['absent', 'node 3']));
      expectObservable(querier.reads$).toBe('-');
      expectObservable(told$).toBe('21ms a 38ms a 9ms b', { a: 'alice: carol', b: 'bob: carol' });
    }),
  );

  it(
    'reads a tunnel between two who are both here for both, and one to oneself once',
    marbles(({ scheduler, expectObservable }) => {
      const { querier, view, at, add, statements$ } = setUp(scheduler);
      at(1, () => {
        view.join(alice);
        view.join(bob);
        add(tunnel(alice, bob), tunnel(alice, alice));
        querier.refreshTunnel(alice, bob);
      });
      at(50, () => querier.refreshTunnel(alice, alice));
      expectObservable(querier.reads$).toBe('-');
      expectObservable(statements$).toBe('-a 9ms b 38ms c', {
        ...{ a: 'pairs alice-bob, bob-alice', b: 'bindings of bob, alice', c: 'pairs alice-alice' },
      });
    }),
  );

  describe('of a tunnel that is opened here', () => {
    const seven = 7;

    /** What is done about a tunnel from alice to bob, who are both here, whose answer comes at 20 if it does. */
    const opening = (scheduler: TestScheduler, wire: Omit<WireOptions, 'scheduler'> = {}) => {
      const set = setUp(scheduler, wire);
      const { querier, view, at, adding, node } = set;
      node(alice, 1);
      node(bob, 2);
      at(1, () => {
        for (const peerId of [alice, bob]) view.join(peerId);
      });
      at(2, () => adding.set(alice, new Set([bob])));
      const end = () => {
        adding.delete(alice);
        querier.readPutOffTunnels(new Map([[alice, new Set([bob])]]));
      };
      const tell = (sender: number) => {
        const written = { src: alice, add: [bob], remove: [], withdraw: [], clear: false };
        querier.tellTunnels({ sources: [written], at: 1, sender });
        end();
      };
      return {
        ...set,
        hear: (time: number, ...senders: readonly (number | undefined)[]) => {
          at(time, () => {
            for (const sender of senders) querier.refreshTunnel(alice, bob, sender);
          });
        },
        tell,
        answer: (sender = seven) => {
          at(20, () => {
            tell(sender);
          });
        },
        fail: () => {
          at(20, end);
        },
        shares: () => [view.neighboursOf(alice).has(bob), view.neighboursOf(bob).has(alice)],
      };
    };
    const bindings = 'bindings of bob, alice';
    const pairs = 'pairs alice-bob, bob-alice';

    for (const [when, time] of [
      ['before', 10],
      ['after', 30],
    ] as const) {
      it(
        `tells both ends when the answer comes, and reads nothing for its hint ${when} it`,
        marbles(({ scheduler, expectObservable }) => {
          const { querier, at, hear, answer, shares, statements$, told$ } = opening(scheduler);
          hear(time, seven);
          answer();
          at(19, () => expect(shares()).to.deep.equal([false, false]));
          at(21, () => expect(shares()).to.deep.equal([true, true]));
          expectObservable(querier.reads$).toBe('-');
          expectObservable(statements$).toBe('20ms b', { b: bindings });
          expectObservable(told$).toBe('30ms (ab)', { a: 'alice: bob', b: 'bob: alice' });
        }),
      );
    }

    it(
      'reads it for one more hint, whoever sends it, and once for all that came before the answer',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, hear, answer, shares, at, statements$ } = opening(scheduler, { latency: 1 });
        hear(10, 8, seven);
        answer();
        hear(40, seven);
        hear(50, undefined);
        // The tunnel is in no table: so it has been removed since, as far as these can tell.
        at(30, () => expect(shares()).to.deep.equal([false, false]));
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('20ms (bp) 16ms p 9ms p', { b: bindings, p: pairs });
      }),
    );

    it(
      'reads it when it was closed again, though the hint that it was opened never came',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, closed, hear, answer, shares, at, statements$ } = opening(scheduler, { latency: 1 });
        answer();
        at(39, () => closed.add(alice));
        hear(40, seven);
        at(50, () => expect(shares()).to.deep.equal([false, false]));
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('20ms b 19ms p', { b: bindings, p: pairs });
      }),
    );

    const odd: readonly (readonly [string, before: readonly (number | undefined)[], after: readonly number[]])[] = [
      ['of somebody else', [8], [seven]],
      ['of nobody knows whom', [undefined], []],
      ['that came twice', [seven, seven], []],
    ];
    for (const [which, before, after] of odd) {
      it(
        `reads it once the answer is told, for a hint before it ${which}`,
        marbles(({ scheduler, expectObservable }) => {
          const { querier, hear, answer, statements$ } = opening(scheduler, { latency: 1 });
          hear(10, ...before);
          answer();
          hear(40, ...after);
          expectObservable(querier.reads$).toBe('-');
          const expected = after.length > 0 ? '20ms (bp) 16ms p' : '20ms (bp)';
          expectObservable(statements$).toBe(expected, { b: bindings, p: pairs });
        }),
      );
    }

    it(
      'reads it, and takes nothing from the answer, where hints were missed meanwhile',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, at, hear, answer, shares, statements$ } = opening(scheduler, { latency: 1 });
        hear(10, seven);
        at(11, () => {
          querier.forgetTold();
        });
        answer();
        at(20, () => expect(shares()).to.deep.equal([false, false]));
        hear(40, seven);
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('20ms p 19ms p', { p: pairs });
      }),
    );

    it(
      'reads it, too, where hints were missed and none had come before; and is told by the next answer again',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, at, add, adding, answer, tell, shares, statements$ } = opening(scheduler, { latency: 1 });
        at(11, () => {
          querier.forgetTold();
        });
        answer();
        at(40, () => adding.set(alice, new Set([bob])));
        at(50, () => {
          add(tunnel(alice, bob));
          tell(seven);
          expect(shares()).to.deep.equal([true, true]);
        });
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('20ms p 29ms b', { p: pairs, b: bindings });
      }),
    );

    it(
      'keeps nothing of what was put off for the next time that it is opened',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, at, add, adding, hear, answer, tell, statements$ } = opening(scheduler, { latency: 1 });
        add(tunnel(alice, bob));
        hear(10, 8);
        answer();
        at(40, () => adding.set(alice, new Set([bob])));
        at(50, () => {
          tell(seven);
        });
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('20ms (bp)', { p: pairs, b: bindings });
      }),
    );

    for (const [whose, second, hints] of [
      [
        'one by another sender',
        8,
        [
          [10, seven],
          [30, 8],
        ],
      ],
      [
        'one by the same sender',
        seven,
        [
          [10, seven],
          [11, seven],
        ],
      ],
    ] as const) {
      it(
        `reads a removal by the sender of an earlier answer, whose hint came while it was opened again: ${whose}`,
        marbles(({ scheduler, expectObservable }) => {
          const { querier, at, add, remove, adding, hear, answer, tell, shares } = opening(scheduler, { latency: 1 });
          at(3, () => {
            add(tunnel(alice, bob));
            tell(seven);
            adding.set(alice, new Set([bob]));
          });
          for (const [time, sender] of hints) hear(time, sender);
          answer(second);
          at(50, () => {
            expect(shares()).to.deep.equal([true, true]);
            remove(tunnel(alice, bob));
          });
          hear(50, seven);
          at(60, () => expect(shares()).to.deep.equal([false, false]));
          expectObservable(querier.reads$).toBe('-');
        }),
      );
    }

    it(
      'forgets what it was told when hints are missed after the answer',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, at, hear, answer, statements$ } = opening(scheduler, { latency: 1 });
        answer();
        at(30, () => {
          querier.forgetTold();
        });
        hear(40, seven);
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('20ms b 19ms p', { b: bindings, p: pairs });
      }),
    );

    it(
      'reads for the hints that came, and for none that did not, where it was not written',
      marbles(({ scheduler, expectObservable }) => {
        const [heard, unheard] = [opening(scheduler, { latency: 1 }), opening(scheduler, { latency: 1 })];
        heard.hear(10, seven);
        for (const { fail } of [heard, unheard]) fail();
        expectObservable(merge(heard.querier.reads$, unheard.querier.reads$)).toBe('-');
        expectObservable(heard.statements$).toBe('20ms p', { p: pairs });
        expectObservable(unheard.statements$).toBe('-');
      }),
    );

    it(
      'reads it once more where an answer is under way that may be older, and takes the one end that none is about',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, at, add, answer, shares, sees, statements$ } = opening(scheduler);
        at(15, () => {
          querier.refreshNeighbours(alice);
        });
        answer();
        at(21, () => expect(shares()).to.deep.equal([false, true]));
        at(22, () => {
          add(tunnel(alice, bob));
        });
        at(60, () => expect([shares(), sees(alice, bob)]).to.deep.equal([[true, true], 'node 2']));
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('15ms n 4ms b 4ms p 9ms c', {
          ...{ n: 'neighbours of alice', b: 'bindings of alice', p: 'pairs alice-bob', c: 'bindings of bob' },
        });
      }),
    );

    it(
      'reads both ends once more where an answer about that very pair is under way, which may be older',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, at, add, answer, shares, statements$ } = opening(scheduler, { latency: 29 });
        // Before it is being opened here: afterwards, hints are put off.
        at(1, () => {
          querier.refreshTunnel(alice, bob);
        });
        answer();
        at(21, () => expect(shares()).to.deep.equal([false, false]));
        at(22, () => {
          add(tunnel(alice, bob));
        });
        at(31, () => expect(shares()).to.deep.equal([false, false]));
        at(70, () => expect(shares()).to.deep.equal([true, true]));
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$.pipe(take(2))).toBe('1ms p 28ms (p|)', { p: pairs });
      }),
    );

    it(
      'reads nothing once more where the answer that is under way is about another pair',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, at, answer, shares, statements$ } = opening(scheduler);
        at(15, () => {
          querier.refreshTunnel(alice, carol);
        });
        answer();
        at(40, () => expect(shares()).to.deep.equal([true, true]));
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('15ms p 4ms b', { p: 'pairs alice-carol', b: bindings });
      }),
    );
  });

  describe('told of rows by a hint', () => {
    const knowingBob = (scheduler: TestScheduler, wire: Omit<WireOptions, 'scheduler'> = {}) => {
      const set = setUp(scheduler, wire);
      set.at(1, () => {
        set.view.join(alice);
        set.view.setShared(alice, bob, true);
        set.view.setLive(new Set([south]));
        set.view.setBindings(bob, [binding(1)]);
      });
      return set;
    };
    const binding = (updatedAt: number): Binding => ({
      ...{ peerId: bob, coordinatorId: south, updatedAt, status: 'ok' },
      node: encodeNode(aNode({ of: bob, derp: updatedAt })),
    });
    const hint = (updatedAt: number, { of = bob, at = south } = {}): BindingHint => ({
      peerIds: [of],
      open: () => ({ updatedAt, coordinatorId: at, nodes: [binding(updatedAt).node] }),
    });

    it(
      'tells of them at once, and reads nothing for what follows from the same sender',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, at, sees, statements$, told$ } = knowingBob(scheduler);
        at(5, () => {
          querier.tellHinted(hint(2), 7);
          expect(sees(alice, bob)).to.equal('node 2');
          expect(querier.refreshBindings(bob, 7)).to.equal(false);
        });
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('-');
        expectObservable(told$).toBe('-----a', { a: 'alice: bob' });
      }),
    );

    it(
      'reads for every other hint: one more of that sender, of another, of nobody, after a gap, or of another row',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, view, at, statements$ } = knowingBob(scheduler, { latency: 1 });
        const read = (time: number, ...senders: readonly (number | 'gap' | undefined)[]): void => {
          at(time, () => {
            // What was read before is as it was: only then may the row be taken in.
            view.setBindings(bob, [binding(time - 1)]);
            querier.tellHinted(hint(time), 7);
            for (const sender of senders) {
              if (sender === 'gap') querier.forgetTold();
              else querier.refreshBindings(bob, sender);
            }
          });
        };
        read(10, 7, 7);
        read(20, 8);
        read(30, undefined);
        read(40, 'gap', 7);
        at(50, () => {
          view.setBindings(bob, [binding(49)]);
          querier.tellHinted(hint(50), 7);
          querier.tellHinted(hint(50), 8);
          querier.refreshBindings(bob, 7);
        });
        at(60, () => {
          view.setBindings(bob, [binding(59)]);
          querier.tellHinted(hint(60, { at: west }), 7);
          querier.refreshBindings(bob, 7);
        });
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('10ms a 9ms a 9ms a 9ms a 9ms a 9ms a', { a: 'bindings of bob' });
      }),
    );

    it(
      'does not take them in while an older answer is under way that would overwrite them',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, at, sees, node, statements$, told$ } = knowingBob(scheduler);
        node(bob, 3);
        at(5, () => querier.refreshBindings(bob));
        at(12, () => {
          querier.tellHinted(hint(2), 7);
          expect(sees(alice, bob)).to.equal('node 1');
          expect(querier.refreshBindings(bob, 7)).to.equal(true);
        });
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('-----a 9ms a', { a: 'bindings of bob' });
        expectObservable(told$).toBe('---------------a', { a: 'alice: bob' });
      }),
    );

    it(
      'takes in nothing, and reads, where no coordinator has put the rows in',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, at, sees, statements$ } = knowingBob(scheduler);
        at(5, () => {
          querier.tellHinted({ peerIds: [bob], open: () => undefined }, 7);
          expect(sees(alice, bob)).to.equal('node 1');
          expect(querier.refreshBindings(bob, 7)).to.equal(true);
        });
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('-----a', { a: 'bindings of bob' });
      }),
    );

    it(
      'opens none, and costs no more than a look-up, where nobody here looks at whose they are',
      marbles(({ scheduler }) => {
        const { querier, at } = knowingBob(scheduler);
        at(5, () => {
          let opened = 0;
          querier.tellHinted({ peerIds: [carol, dave], open: () => ((opened += 1), undefined) }, 7);
          expect(opened).to.equal(0);
          querier.tellHinted({ peerIds: [carol, bob], open: () => ((opened += 1), undefined) }, 7);
          expect(opened).to.equal(1);
        });
      }),
    );

    it(
      'takes in those of the peers that somebody looks at, each with its own node',
      marbles(({ scheduler }) => {
        const { querier, at, sees } = knowingBob(scheduler);
        at(5, () => {
          const nodes = [carol, bob].map((of, index) => encodeNode(aNode({ of, derp: 20 + index })));
          querier.tellHinted({ peerIds: [carol, bob], open: () => ({ updatedAt: 2, coordinatorId: south, nodes }) }, 7);
          expect(sees(alice, bob)).to.equal('node 21');
        });
      }),
    );

    it(
      'takes in none of peers that nobody here looks at',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, view, at, told$ } = knowingBob(scheduler);
        at(5, () => {
          view.setShared(alice, bob, false);
          querier.tellHinted(hint(2), 7);
          expect(querier.refreshBindings(bob, 7)).to.equal(false);
          view.setShared(alice, bob, true);
          expect(querier.refreshBindings(bob, 7)).to.equal(true);
        });
        expectObservable(told$).toBe('-');
      }),
    );

    it(
      'reads for a later hint of that sender, also where the one that told of the row found nobody looking, or never came',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, view, at, statements$ } = knowingBob(scheduler);
        at(5, () => {
          querier.tellHinted(hint(2), 7);
          view.setShared(alice, bob, false);
          expect(querier.refreshBindings(bob, 7)).to.equal(false);
          view.setShared(alice, bob, true);
          view.setBindings(bob, [binding(2)]);
          expect(querier.refreshBindings(bob, 7)).to.equal(true);
        });
        at(30, () => {
          view.setBindings(bob, [binding(2)]);
          querier.tellHinted(hint(3), 7);
          querier.tellHinted(hint(4, { of: carol }), 7);
          expect(querier.refreshBindings(bob, 7)).to.equal(true);
        });
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('-----a 24ms a', { a: 'bindings of bob' });
      }),
    );
  });

  describe('hears hints about what is written here, which', () => {
    const writing = (scheduler: TestScheduler, wire: Omit<WireOptions, 'scheduler'> = {}) => {
      const set = setUp(scheduler, wire);
      set.at(1, () => {
        set.view.join(alice);
        set.view.setShared(alice, bob, true);
        set.view.setBindings(bob, []);
      });
      const answer = (derp: number, sender?: number): void => {
        const node = holdNode(aNode({ of: bob, derp }));
        set.querier.tellWritten({
          ...{ at: derp, bindings: [{ kind: 'node', peerId: bob, node }] },
          ...(sender !== undefined && { sender }),
        });
        set.publishing.delete(bob);
        set.querier.readPutOff([bob]);
      };
      return { ...set, answer };
    };

    it(
      'make no read after the answer, one hint for each answer',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, at, answer, sees, statements$ } = writing(scheduler);
        at(5, () => {
          answer(2, 7);
          expect(sees(alice, bob)).to.equal('node 2');
          expect(querier.refreshBindings(bob, 7)).to.equal(false);
        });
        at(10, () => expect(querier.refreshBindings(bob, 7)).to.equal(true));
        at(30, () => {
          answer(3, 7);
          expect(querier.refreshBindings(bob, 8)).to.equal(true);
        });
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('10ms a 19ms a', { a: 'bindings of bob' });
      }),
    );

    it(
      'wait for the answer, and make no read if it says the same',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, at, publishing, answer, sees, statements$, told$ } = writing(scheduler);
        at(5, () => {
          publishing.add(bob);
          querier.refreshBindings(bob, 7);
        });
        at(8, () => {
          answer(2, 7);
          expect(sees(alice, bob)).to.equal('node 2');
          // That one has come before.
          expect(querier.refreshBindings(bob, 7)).to.equal(true);
        });
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('--------a', { a: 'bindings of bob' });
        // The row is in no table: that is what was read.
        expectObservable(told$).toBe('--------a 9ms a', { a: 'alice: bob' });
      }),
    );

    it(
      'make a read once there is no answer to wait for, if they are by somebody else, or came too often, or it failed; and at once where nobody knows who says it',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, at, publishing, answer, statements$ } = writing(scheduler);
        const round = (time: number, end: () => void, ...senders: readonly (number | undefined)[]): void => {
          at(time, () => {
            publishing.add(bob);
            for (const sender of senders) querier.refreshBindings(bob, sender);
          });
          at(time + 3, end);
        };
        const fails = (): void => {
          publishing.delete(bob);
          querier.readPutOff([bob]);
        };
        round(10, () => answer(2, 7), 7, 8);
        round(30, () => answer(3, 7), 7, 7);
        round(50, fails, 7);
        round(70, () => answer(4), undefined);
        round(90, () => answer(5, 7), 7);
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('13ms a 19ms a 19ms a 16ms a', { a: 'bindings of bob' });
      }),
    );

    it(
      'make a read after a gap, and where the peer has left or is lost meanwhile',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, at, left, answer, statements$ } = writing(scheduler);
        at(10, () => {
          answer(2, 7);
          querier.forgetTold();
          querier.refreshBindings(bob, 7);
        });
        at(30, () => {
          answer(3, 7);
          left.add(bob);
          querier.refreshBindings(bob, 7);
        });
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('10ms a 19ms a', { a: 'bindings of bob' });
      }),
    );

    it(
      'make a read where others were missed before the answer came: those about it may have been among them',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, at, publishing, answer, statements$ } = writing(scheduler);
        at(5, () => {
          publishing.add(bob);
          querier.refreshBindings(bob, 7);
        });
        at(6, () => querier.forgetTold());
        at(10, () => answer(2, 7));
        at(30, () => {
          publishing.add(bob);
          querier.forgetTold();
          answer(3, 7);
          expect(querier.refreshBindings(bob, 7)).to.equal(true);
        });
        at(50, () => {
          answer(4, 7);
          expect(querier.refreshBindings(bob, 7)).to.equal(false);
        });
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('10ms a 19ms a', { a: 'bindings of bob' });
      }),
    );

    it(
      'make a read although they held the row, where the peer has left or is lost meanwhile',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, view, at, left, statements$ } = writing(scheduler);
        const nodes = [encodeNode(aNode({ of: bob, derp: 3 }))];
        at(5, () => {
          const node = encodeNode(aNode({ of: bob, derp: 2 }));
          view.setBindings(bob, [{ peerId: bob, coordinatorId: north, updatedAt: 1, status: 'ok', node }]);
          querier.tellHinted({ peerIds: [bob], open: () => ({ updatedAt: 3, coordinatorId: north, nodes }) }, 7);
          left.add(bob);
          expect(querier.refreshBindings(bob, 7)).to.equal(true);
        });
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('-----a', { a: 'bindings of bob' });
      }),
    );

    it(
      'are told at once where they hold the row, and then neither they nor the answer make a read',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, view, at, publishing, answer, sees, statements$, told$ } = writing(scheduler);
        const node = encodeNode(aNode({ of: bob, derp: 2 }));
        at(5, () => {
          view.setBindings(bob, [{ peerId: bob, coordinatorId: north, updatedAt: 1, status: 'ok', node }]);
          publishing.add(bob);
          const nodes = [encodeNode(aNode({ of: bob, derp: 3 }))];
          querier.tellHinted({ peerIds: [bob], open: () => ({ updatedAt: 3, coordinatorId: north, nodes }) }, 7);
          expect(sees(alice, bob)).to.equal('node 3');
          querier.refreshBindings(bob, 7);
          answer(3, 7);
        });
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('-');
        expectObservable(told$).toBe('-----a', { a: 'alice: bob' });
      }),
    );

    it(
      'are no reason to read of a peer that nobody looks at, nor to pass over one that comes once somebody does',
      marbles(({ scheduler, expectObservable }) => {
        const { querier, view, at, publishing, answer, statements$ } = writing(scheduler);
        at(5, () => {
          view.setShared(alice, bob, false);
          publishing.add(bob);
          expect(querier.refreshBindings(bob, 7)).to.equal(false);
          view.setShared(alice, bob, true);
          view.setBindings(bob, []);
          answer(2, 7);
          expect(querier.refreshBindings(bob, 7)).to.equal(true);
        });
        expectObservable(querier.reads$).toBe('-');
        expectObservable(statements$).toBe('-----a', { a: 'bindings of bob' });
      }),
    );
  });

  it(
    'tells of what was written here before it reads it',
    marbles(({ scheduler, expectObservable }) => {
      const { querier, view, at, sees, statements$, told$ } = setUp(scheduler);
      at(1, () => {
        view.join(alice);
        for (const peerId of [bob, carol, dave]) view.setShared(alice, peerId, true);
        view.setBindings(bob, []);
        view.setBindings(carol, []);
      });
      at(2, () => {
        const node = holdNode(aNode({ of: bob, derp: 4 }));
        querier.tellWritten({
          at: 9,
          bindings: [
            { kind: 'node', peerId: bob, node },
            { kind: 'lost', peerId: carol, node },
            { kind: 'node', peerId: dave, node },
            { kind: 'node', peerId: eve, node },
          ],
        });
        expect([bob, carol, dave].map((id) => sees(alice, id))).to.deep.equal(['node 4', 'absent', 'unknown']);
      });
      expectObservable(querier.reads$).toBe('-');
      expectObservable(statements$).toBe('-');
      expectObservable(told$).toBe('--a', { a: 'alice: bob' });
    }),
  );

  it(
    'reads again after a read that was under way when a hint came, so that nothing older stays',
    marbles(({ scheduler, expectObservable }) => {
      let first = true;
      const latency: WireOptions['latency'] = ({ method }) => {
        if (method !== 'readBindings' || !first) return 2;
        first = false;
        return 100;
      };
      const { querier, view, at, add, node, sees, statements$, told$ } = setUp(scheduler, { latency });
      add(tunnel(alice, bob));
      node(bob, 1);
      at(1, () => {
        view.join(alice);
        querier.refreshNeighbours(alice);
      });
      // The slow read looks at 53 ms and answers at 103 ms.
      at(60, () => {
        node(bob, 2);
        querier.refreshBindings(bob);
        querier.refreshBindings(bob);
      });
      at(104, () => expect(sees(alice, bob)).to.equal('node 1'));
      at(110, () => expect(sees(alice, bob)).to.equal('node 2'));
      expectObservable(querier.reads$).toBe('-');
      expectObservable(statements$).toBe('-a-b 99ms b', { a: 'neighbours of alice', b: 'bindings of bob' });
      expectObservable(told$).toBe('103ms b-b', { b: 'alice: bob' });
    }),
  );

  it(
    'reads all tunnels and single pairs of one peer one after the other, and pairs not at all when all are read',
    marbles(({ scheduler, expectObservable }) => {
      const { querier, view, at, add, remove, sees, statements$ } = setUp(scheduler);
      add(tunnel(alice, bob), tunnel(alice, carol));
      at(1, () => {
        view.join(alice);
        querier.refreshNeighbours(alice);
      });
      at(3, () => {
        remove(tunnel(alice, bob));
        querier.refreshTunnel(alice, bob);
      });
      at(4, () => querier.refreshTunnel(dave, alice));
      at(13, () => querier.refreshTunnel(alice, eve));
      at(14, () => querier.refreshNeighbours(alice));
      at(15, () => querier.refreshTunnel(alice, dave));
      at(60, () => expect([bob, carol].map((other) => sees(alice, other))).to.deep.equal(['absent', 'absent']));
      at(60, () => expect([...view.neighboursOf(alice)]).to.deep.equal([carol]));
      expectObservable(querier.reads$).toBe('-');
      expectObservable(statements$).toBe('-a 9ms (bc) 6ms a', {
        ...{ a: 'neighbours of alice', b: 'bindings of carol', c: 'pairs alice-bob, alice-dave' },
      });
    }),
  );

  it(
    'takes in an answer about many in turns, and reads once more what is said of them between two',
    marbles(({ scheduler, expectObservable }) => {
      const crowd = Array.from({ length: 300 }, () => crypto.randomUUID());
      let now = 0;
      const turnScheduler = new VirtualTimeScheduler();
      // A millisecond passes for every 64 peers.
      turnScheduler.now = () => (now += 1 / 64);
      const laterTurn = () => {
        const action = turnScheduler.actions.shift();
        action?.execute(action.state as never, action.delay);
      };
      const { querier, view, at, add, remove } = setUp(scheduler, {}, turnScheduler);
      const whoSeesBob = () => crowd.filter((peerId) => view.neighboursOf(peerId).has(bob));
      add(...crowd.map((peerId) => tunnel(peerId, bob)));
      at(1, () => {
        for (const peerId of crowd) {
          view.join(peerId);
          querier.refreshNeighbours(peerId);
        }
      });
      const [first = '', last = ''] = [crowd[0], crowd[299]];
      at(12, () => {
        expect(whoSeesBob()).to.deep.equal(crowd.slice(0, 256));
        remove(tunnel(first, bob), tunnel(last, bob));
        querier.refreshTunnel(first, bob);
        querier.refreshTunnel(last, bob);
      });
      at(40, () => {
        laterTurn();
        expect(whoSeesBob()).to.deep.equal(crowd);
      });
      at(60, () => expect(whoSeesBob()).to.deep.equal(crowd.slice(1, -1)));
      expectObservable(querier.reads$).toBe('-');
    }),
  );

  it(
    'learns from an empty answer that nobody is left',
    marbles(({ scheduler, expectObservable }) => {
      const { querier, view, at, add, remove, node, sees, told$ } = setUp(scheduler);
      add(tunnel(alice, bob));
      node(bob, 2);
      at(1, () => {
        view.join(alice);
        querier.refreshNeighbours(alice);
      });
      at(50, () => {
        remove(tunnel(alice, bob));
        querier.refreshNeighbours(alice);
      });
      at(70, () => {
        expect(sees(alice, bob)).to.equal('absent');
        expect(view.size).to.deep.equal({ joined: 1, edges: 0, watched: 0, coordinators: 0 });
      });
      expectObservable(querier.reads$).toBe('-');
      expectObservable(told$).toBe('21ms b 38ms b', { b: 'alice: bob' });
    }),
  );

  it(
    'learns from an empty answer that a peer has no binding left',
    marbles(({ scheduler, expectObservable }) => {
      const { querier, view, database, at, add, node, sees, told$ } = setUp(scheduler);
      add(tunnel(alice, bob));
      node(bob, 2);
      at(1, () => {
        view.join(alice);
        querier.refreshNeighbours(alice);
      });
      at(50, () => {
        database.rows.deletePeer(bob);
        querier.refreshBindings(bob);
      });
      at(70, () => expect(sees(alice, bob)).to.equal('absent'));
      expectObservable(querier.reads$).toBe('-');
      expectObservable(told$).toBe('21ms b 38ms b', { b: 'alice: bob' });
    }),
  );

  it(
    'tells nobody when nothing changed',
    marbles(({ scheduler, expectObservable }) => {
      const { querier, view, at, add, node, statements$, told$ } = setUp(scheduler);
      add(tunnel(alice, bob));
      node(bob, 2);
      at(1, () => {
        view.join(alice);
        querier.refreshNeighbours(alice);
      });
      at(50, () => {
        querier.refreshBindings(bob);
        querier.refreshTunnel(alice, bob);
      });
      expectObservable(querier.reads$).toBe('-');
      expectObservable(statements$).toBe('-a 9ms b 38ms (bp)', {
        ...{ a: 'neighbours of alice', b: 'bindings of bob', p: 'pairs alice-bob' },
      });
      expectObservable(told$).toBe('21ms b', { b: 'alice: bob' });
    }),
  );

  it(
    'reads again what failed, with all that has come meanwhile',
    marbles(({ scheduler, expectObservable }) => {
      const { querier, view, database, at, statements$ } = setUp(scheduler);
      database.faults.failNext('readPairs', 2);
      at(1, () => {
        view.join(alice);
        querier.refreshTunnel(alice, bob);
      });
      at(3, () => querier.refreshTunnel(alice, carol));
      at(600, () => querier.refreshTunnel(dave, alice));
      expectObservable(querier.reads$).toBe('-');
      expectObservable(statements$).toBe('-a 509ms b 759ms c', {
        ...{ a: 'pairs alice-bob', b: 'pairs alice-carol, alice-bob', c: 'pairs alice-carol, alice-bob, alice-dave' },
      });
    }),
  );

  it(
    'reads everything after a failed read of a pair, when everything was asked for meanwhile',
    marbles(({ scheduler, expectObservable }) => {
      const { querier, view, database, at, statements$ } = setUp(scheduler);
      database.faults.failNext('readPairs');
      at(1, () => {
        view.join(alice);
        querier.refreshTunnel(alice, bob);
      });
      at(3, () => querier.refreshNeighbours(alice));
      expectObservable(querier.reads$).toBe('-');
      expectObservable(statements$).toBe('-a 509ms b', { a: 'pairs alice-bob', b: 'neighbours of alice' });
    }),
  );

  it(
    'forgets a peer that leaves during a read, its retry included',
    marbles(({ scheduler, expectObservable }) => {
      const { querier, view, database, at, add, statements$, told$ } = setUp(scheduler);
      add(tunnel(alice, carol), tunnel(bob, carol));
      database.faults.failNext('readNeighbours');
      const leave = (peerId: Uuid) => {
        view.leave(peerId);
        querier.forget(peerId);
      };
      at(1, () => {
        view.join(alice);
        querier.refreshNeighbours(alice);
      });
      at(5, () => leave(alice));
      at(600, () => {
        view.join(bob);
        querier.refreshNeighbours(bob);
      });
      at(605, () => leave(bob));
      at(700, () => expect(view.size).to.deep.equal({ joined: 0, edges: 0, watched: 0, coordinators: 0 }));
      expectObservable(querier.reads$).toBe('-');
      expectObservable(statements$).toBe('-a 598ms b', { a: 'neighbours of alice', b: 'neighbours of bob' });
      expectObservable(told$).toBe('-');
    }),
  );

  it(
    'reads anew for a peer that comes back during the read for its older connection',
    marbles(({ scheduler, expectObservable }) => {
      const { querier, view, at, add, remove, statements$ } = setUp(scheduler);
      add(tunnel(alice, carol));
      at(1, () => {
        view.join(alice);
        querier.refreshNeighbours(alice);
      });
      at(8, () => {
        view.leave(alice);
        querier.forget(alice);
        remove(tunnel(alice, carol));
        view.join(alice);
        querier.refreshNeighbours(alice);
      });
      at(50, () => expect([...view.neighboursOf(alice)]).to.deep.equal([]));
      expectObservable(querier.reads$).toBe('-');
      expectObservable(statements$).toBe('-a 9ms (ba)', { a: 'neighbours of alice', b: 'bindings of carol' });
    }),
  );

  it(
    'says which asked-for tunnels are not there, so that their owner can see to it',
    marbles(({ scheduler, expectObservable }) => {
      const { querier, view, at, missing, add } = setUp(scheduler);
      add(tunnel(alice, carol));
      at(1, () => {
        view.join(alice);
        querier.refreshTunnel(alice, bob);
        querier.refreshTunnel(alice, carol);
      });
      at(50, () => expect(missing).to.deep.equal(['alice>bob']));
      expectObservable(querier.reads$).toBe('-');
    }),
  );

  it(
    'gives up one read that breaks, says so, and goes on with the others',
    marbles(({ scheduler, expectObservable }) => {
      const { querier, view, at, add, book, statements$ } = setUp(scheduler);
      add(tunnel(alice, carol), tunnel(bob, carol));
      view.setNeighbours = function (peerId, neighbours) {
        if (peerId === alice) throw new TypeError('oops');
        return View.prototype.setNeighbours.call(view, peerId, neighbours);
      };
      at(1, () => {
        for (const peerId of [alice, bob]) {
          view.join(peerId);
          querier.refreshNeighbours(peerId);
        }
      });
      at(60, () => querier.refreshBindings(carol));
      at(100, () => {
        expect(book.lines).to.deep.equal(['error read given up']);
        expect(book.entries[0]).to.include({ peer_id: alice, kind: 'tunnels' });
      });
      expectObservable(querier.reads$).toBe('-');
      expectObservable(statements$).toBe('-a 9ms c 9ms d 9ms b 28ms b', {
        ...{ a: 'neighbours of alice, bob', b: 'bindings of carol' },
        ...{ c: 'neighbours of alice', d: 'neighbours of bob' },
      });
    }),
  );

  it(
    'reads what it heard of while a read was under way that it gave up',
    marbles(({ scheduler, expectObservable }) => {
      const { querier, view, at, add, statements$ } = setUp(scheduler);
      add(tunnel(alice, bob), tunnel(alice, carol));
      const attempts: Uuid[] = [];
      view.setShared = function (peerId, otherId, shared) {
        attempts.push(otherId);
        if (attempts.length === 1) throw new TypeError('oops');
        return View.prototype.setShared.call(view, peerId, otherId, shared);
      };
      at(1, () => {
        view.join(alice);
        querier.refreshTunnel(alice, bob);
      });
      at(5, () => querier.refreshTunnel(alice, carol));
      at(60, () => expect([...view.neighboursOf(alice)].map(nameOf)).to.deep.equal(['carol', 'bob']));
      expectObservable(querier.reads$).toBe('-');
      expectObservable(statements$).toBe('-a 9ms b 9ms c', {
        ...{ a: 'pairs alice-bob', b: 'pairs alice-carol, alice-bob', c: 'bindings of carol, bob' },
      });
    }),
  );

  it(
    'asks for more pairs than a statement can do before its timeout in several',
    marbles(({ scheduler, expectObservable }) => {
      const { querier, view, database, at } = setUp(scheduler);
      at(1, () => {
        view.join(alice);
        for (let index = 0; index < 7_000; index++) {
          querier.refreshTunnel(alice, `c0000000-0000-4000-8000-${String(index).padStart(12, '0')}`);
        }
      });
      const sizes$ = database.faults.calls$.pipe(
        map((call) => (call.method === 'readPairs' ? String(call.args[0].length) : call.method)),
      );
      expectObservable(sizes$).toBe('-a 9ms b', { a: '5000', b: '2000' });
      querier.reads$.subscribe();
    }),
  );
});
