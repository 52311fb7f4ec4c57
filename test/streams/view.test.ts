import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Binding } from '../../src/db/store.js';
import { Node } from '../../src/proto/gen/tailnet.js';
import { decodeNode, encodeNode } from '../../src/proto/node.js';
import { View } from '../../src/streams/view.js';
import { alice, bob, carol, dave, nameOf, north, south, west } from '../../src/testing/index.js';

/** A node with this relay region; 0 stands for bytes that cannot be decoded. */
const encoded = (derp: number): Uint8Array =>
  derp === 0 ? Uint8Array.of(255) : encodeNode({ ...Node.fromPartial({}), preferredDerp: derp });

const decode = ({ node }: Binding): Node | undefined => (node[0] === 255 ? undefined : decodeNode(node));

const row = (peerId: string, coordinatorId: string, derp: number, more: Partial<Binding> = {}): Binding => ({
  ...{ peerId, coordinatorId, updatedAt: derp, status: 'ok', node: encoded(derp) },
  ...more,
});

/** What a peer may know of another one, in words. */
const seen = (view: View, peerId: string, otherId: string): string => {
  const sight = view.sight(peerId, otherId);
  return typeof sight === 'string' ? sight : `${sight.kind} ${String(sight.node.decoded.preferredDerp)}`;
};

const names = (ids: Iterable<string>): readonly string[] => Array.from(ids, nameOf).sort();

/** A view of north in which alice shares a tunnel with bob. */
const aliceAndBob = (): View => {
  const view = new View(north, decode);
  view.join(alice);
  view.setNeighbours(alice, new Set([bob]));
  return view;
};

describe('View', () => {
  it('takes those who share no tunnel with a peer for absent, whatever is known of them', () => {
    const view = aliceAndBob();
    view.join(carol);
    view.setBindings(bob, [row(bob, north, 1)]);
    expect(seen(view, carol, bob)).to.equal('absent');
    expect(seen(view, dave, bob)).to.equal('absent');
    expect(seen(view, alice, carol)).to.equal('absent');
  });

  it('does not know of a neighbour until its bindings have been read, be it that there are none', () => {
    const view = aliceAndBob();
    expect([seen(view, alice, bob), view.needsBindings(bob)]).to.deep.equal(['unknown', true]);
    expect(view.setBindings(bob, [])).to.equal(true);
    expect([seen(view, alice, bob), view.needsBindings(bob)]).to.deep.equal(['absent', false]);
  });

  it('holds what is known of a peer once for all who watch it, and forgets it with the last of them', () => {
    const view = aliceAndBob();
    view.setBindings(bob, [row(bob, north, 1)]);
    view.join(carol);
    expect(view.setShared(carol, bob, true)).to.equal(true);
    expect(seen(view, carol, bob)).to.equal('node 1');
    expect(view.sight(carol, bob)).to.equal(view.sight(alice, bob));
    expect(names(view.watchersOf(bob))).to.deep.equal(['alice', 'carol']);

    view.leave(alice);
    expect([seen(view, carol, bob), seen(view, alice, bob)]).to.deep.equal(['node 1', 'absent']);
    view.setShared(carol, bob, false);
    expect([view.isWatched(bob), view.needsBindings(bob)]).to.deep.equal([false, false]);
    view.setShared(carol, bob, true);
    expect(seen(view, carol, bob)).to.equal('unknown');
  });

  it('is of no interest what happens to peers that nobody here watches', () => {
    const view = aliceAndBob();
    expect(view.setBindings(carol, [row(carol, south, 1)])).to.equal(false);
    expect(view.setShared(dave, carol, true)).to.equal(false);
    expect(view.setNeighbours(dave, new Set([carol]))).to.deep.equal([]);
    expect(view.size).to.deep.equal({ joined: 1, edges: 1, watched: 1, coordinators: 0 });
  });

  it('says who came and who went among the neighbours of a peer', () => {
    const view = aliceAndBob();
    expect(names(view.setNeighbours(alice, new Set([bob, carol])))).to.deep.equal(['carol']);
    expect(names(view.setNeighbours(alice, new Set([carol, dave])))).to.deep.equal(['bob', 'dave']);
    expect(view.setNeighbours(alice, new Set([carol, dave]))).to.deep.equal([]);
    expect(names(view.neighboursOf(alice))).to.deep.equal(['carol', 'dave']);
  });

  it('keeps the neighbours of a peer that joins again', () => {
    const view = aliceAndBob();
    view.join(alice);
    expect(names(view.neighboursOf(alice))).to.deep.equal(['bob']);
    expect(view.isJoined(alice)).to.equal(true);
  });

  it('takes the bindings of coordinators that are not live for lost, but for its own', () => {
    const view = aliceAndBob();
    view.setBindings(bob, [row(bob, south, 1)]);
    expect(seen(view, alice, bob)).to.equal('lost 1');
    expect(view.setLive(new Set([south]))).to.deep.equal([bob]);
    expect(seen(view, alice, bob)).to.equal('node 1');
    expect(view.setLive(new Set())).to.deep.equal([bob]);
    view.setBindings(bob, [row(bob, north, 2)]);
    expect(seen(view, alice, bob)).to.equal('node 2');
  });

  it('says of a coordinator that came or went whom it makes a difference for', () => {
    const view = aliceAndBob();
    view.setNeighbours(alice, new Set([bob, carol, dave]));
    view.setBindings(bob, [row(bob, south, 1)]);
    view.setBindings(carol, [row(carol, south, 1), row(carol, north, 2)]);
    view.setBindings(dave, [row(dave, west, 1), row(dave, south, 2)]);
    // Carol is better off at north in any case.
    expect(names(view.setLive(new Set([south])))).to.deep.equal(['bob', 'dave']);
    expect(names(view.setLive(new Set([south, west])))).to.deep.equal([]);
    expect(names(view.setLive(new Set([west])))).to.deep.equal(['bob', 'dave']);
  });

  it('says whether those who watch must look again', () => {
    const view = aliceAndBob();
    const set = (...rows: readonly Binding[]): boolean => view.setBindings(bob, rows);
    expect(set(row(bob, north, 1)), 'the first time').to.equal(true);
    expect(set(row(bob, north, 1)), 'the same').to.equal(false);
    expect(set(row(bob, north, 1, { updatedAt: 9 })), 'the same, written anew').to.equal(false);
    expect(set(row(bob, north, 1, { status: 'lost' })), 'lost').to.equal(true);
    expect(set(row(bob, north, 2, { status: 'lost' })), 'lost, with another node').to.equal(true);
    expect(set(row(bob, north, 2, { status: 'lost' }), row(bob, west, 1)), 'and at a dead end').to.equal(false);
    expect(set(), 'gone').to.equal(true);
    expect(set(), 'still gone').to.equal(false);
  });

  it('decodes a node once, as long as its bytes are the same', () => {
    const decoded: number[] = [];
    const view = new View(north, (binding) => {
      decoded.push(decodeNode(binding.node).preferredDerp);
      return decode(binding);
    });
    view.join(alice);
    view.setNeighbours(alice, new Set([bob]));
    view.setBindings(bob, [row(bob, north, 1)]);
    const first = view.sight(alice, bob);
    view.setBindings(bob, [row(bob, north, 1, { updatedAt: 9 })]);
    expect(decoded).to.deep.equal([1]);
    expect(view.sight(alice, bob)).to.deep.equal({ ...(first as object), updatedAt: 9 });
    view.setBindings(bob, [row(bob, north, 2)]);
    expect(decoded).to.deep.equal([1, 2]);
  });

  it('keeps what it knew of a node that cannot be decoded any more, and sees all the same that its peer is lost', () => {
    const view = aliceAndBob();
    view.setBindings(bob, [row(bob, north, 0)]);
    expect(seen(view, alice, bob)).to.equal('absent');
    view.setBindings(bob, [row(bob, north, 1)]);
    expect(view.setBindings(bob, [row(bob, north, 0, { updatedAt: 9 })])).to.equal(false);
    expect(seen(view, alice, bob)).to.equal('node 1');
    expect(view.setBindings(bob, [row(bob, north, 0, { updatedAt: 9, status: 'lost' })])).to.equal(true);
    expect(seen(view, alice, bob)).to.equal('lost 1');
    view.setLive(new Set([south]));
    view.setBindings(bob, [row(bob, north, 0, { updatedAt: 9 }), row(bob, south, 2)]);
    expect(seen(view, alice, bob)).to.equal('node 2');
  });

  it('keeps what it knew of a peer when the row where that has moved to cannot be decoded', () => {
    const view = aliceAndBob();
    view.setLive(new Set([south, west]));
    view.setBindings(bob, [row(bob, south, 1)]);
    expect(view.setBindings(bob, [row(bob, west, 0, { updatedAt: 9 })])).to.equal(false);
    expect(seen(view, alice, bob)).to.equal('node 1');
    view.setLive(new Set([south]));
    expect(seen(view, alice, bob)).to.equal('lost 1');
    expect(view.setBindings(bob, [row(bob, west, 0, { updatedAt: 9 }), row(bob, south, 2)])).to.equal(true);
    expect(seen(view, alice, bob)).to.equal('node 2');
    view.setBindings(bob, []);
    expect(seen(view, alice, bob)).to.equal('absent');
  });

  describe('a row that was just written', () => {
    it('counts at once, and leaves alone what is known of other coordinators', () => {
      const view = aliceAndBob();
      view.setLive(new Set([south]));
      view.setBindings(bob, [row(bob, south, 1), row(bob, north, 2, { status: 'lost' })]);
      expect(view.setBinding(row(bob, south, 3), false)).to.equal('changed');
      expect(seen(view, alice, bob)).to.equal('node 3');
      view.setLive(new Set());
      expect(seen(view, alice, bob)).to.equal('lost 3');
    });

    it('counts for nothing as long as nothing has been read of the peer', () => {
      const view = aliceAndBob();
      expect(view.setBinding(row(bob, north, 1), true)).to.equal('unread');
      expect(seen(view, alice, bob)).to.equal('unknown');
      expect(view.setBinding(row(carol, north, 1), true)).to.equal('unread');
    });

    it('counts for nothing when something newer, or as old and different, is known of it', () => {
      const view = aliceAndBob();
      view.setBindings(bob, [row(bob, north, 5)]);
      expect(view.setBinding(row(bob, north, 4), true)).to.equal('unread');
      expect(view.setBinding(row(bob, north, 7, { updatedAt: 5 }), true)).to.equal('unread');
      expect(view.setBinding(row(bob, north, 5), true)).to.equal('same');
      expect(seen(view, alice, bob)).to.equal('node 5');
    });

    it('may have been deleted since, if nothing is known of it, unless it is certain that it was not', () => {
      const view = aliceAndBob();
      view.setLive(new Set([south]));
      view.setBindings(bob, []);
      expect(view.setBinding(row(bob, south, 1), false)).to.equal('unread');
      expect(seen(view, alice, bob)).to.equal('absent');
      expect(view.setBinding(row(bob, north, 1), true)).to.equal('changed');
      expect(seen(view, alice, bob)).to.equal('node 1');
      view.leave(alice);
      expect(view.size).to.deep.equal({ joined: 0, edges: 0, watched: 0, coordinators: 0 });
    });

    it('is no news when its node is the same', () => {
      const view = aliceAndBob();
      view.setBindings(bob, [row(bob, north, 5)]);
      expect(view.setBinding(row(bob, north, 5, { updatedAt: 6 }), false)).to.equal('same');
    });

    it('counts for nothing when it cannot be decoded', () => {
      const view = aliceAndBob();
      view.setBindings(bob, [row(bob, north, 5)]);
      expect(view.setBinding(row(bob, north, 0, { updatedAt: 6 }), true)).to.equal('unread');
      expect(seen(view, alice, bob)).to.equal('node 5');
    });
  });

  describe('whatever happens to it', () => {
    const peers = ['p1', 'p2', 'p3', 'p4'];
    const coordinators = ['c1', 'c2', 'c3'];
    const self = 'c1';
    const peer = fc.constantFrom(...peers);
    const aRow = fc.record({
      coordinatorId: fc.constantFrom(...coordinators),
      derp: fc.integer({ min: 1, max: 3 }),
      updatedAt: fc.nat(3),
      status: fc.constantFrom('ok' as const, 'lost' as const),
    });
    const rows = fc.uniqueArray(aRow, { selector: ({ coordinatorId }) => coordinatorId, maxLength: 3 });
    const step = fc.oneof(
      { weight: 2, arbitrary: fc.record({ joins: peer }) },
      { weight: 1, arbitrary: fc.record({ leaves: peer }) },
      { weight: 3, arbitrary: fc.record({ shares: peer, withPeer: peer, shared: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ neighboursOf: peer, are: fc.subarray(peers) }) },
      { weight: 4, arbitrary: fc.record({ bindingsOf: peer, rows }) },
      { weight: 3, arbitrary: fc.record({ writtenOf: peer, row: aRow, stands: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ live: fc.subarray(coordinators) }) },
    );

    /** The same without indexes: everything is looked up from the start. */
    interface Model {
      readonly joined: Set<string>;
      /** `watcher peer`, for each peer that a joined one shares a tunnel with. */
      readonly edges: Set<string>;
      readonly rows: Map<string, readonly Binding[]>;
      live: ReadonlySet<string>;
    }

    const watchersIn = ({ edges }: Model, id: string): readonly string[] =>
      peers.filter((watcher) => edges.has(`${watcher} ${id}`));

    const seenIn = (model: Model, watcher: string, id: string): string => {
      if (!model.edges.has(`${watcher} ${id}`)) return 'absent';
      const rows = model.rows.get(id);
      if (rows === undefined) return 'unknown';
      const isThere = ({ status, coordinatorId }: Binding): boolean =>
        status === 'ok' && (coordinatorId === self || model.live.has(coordinatorId));
      const [best] = rows.toSorted(
        (a, b) =>
          Number(isThere(b)) - Number(isThere(a)) ||
          b.updatedAt - a.updatedAt ||
          (a.coordinatorId < b.coordinatorId ? -1 : 1),
      );
      return best ? `${isThere(best) ? 'node' : 'lost'} ${String(decodeNode(best.node).preferredDerp)}` : 'absent';
    };

    const allPairs = peers.flatMap((watcher) => peers.map((id) => [watcher, id] as const));
    const picture = (model: Model): ReadonlyMap<string, string> =>
      new Map(allPairs.map(([watcher, id]) => [`${watcher} ${id}`, seenIn(model, watcher, id)]));
    /** The peers that are seen differently by somebody who watches them now. */
    const changedIn = (model: Model, before: ReadonlyMap<string, string>): readonly string[] =>
      peers.filter((id) => watchersIn(model, id).some((w) => seenIn(model, w, id) !== before.get(`${w} ${id}`)));
    const forgetUnwatched = (model: Model): void => {
      for (const id of peers) if (watchersIn(model, id).length === 0) model.rows.delete(id);
    };

    it('sees what a model without indexes sees, says what has changed, and holds nothing after everybody left', () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
          const view = new View(self, decode);
          const model: Model = { joined: new Set(), edges: new Set(), rows: new Map(), live: new Set() };

          for (const step of steps) {
            const before = picture(model);
            if ('joins' in step) {
              view.join(step.joins);
              model.joined.add(step.joins);
            } else if ('leaves' in step) {
              view.leave(step.leaves);
              model.joined.delete(step.leaves);
              for (const id of peers) model.edges.delete(`${step.leaves} ${id}`);
            } else if ('shares' in step) {
              const { shares, withPeer, shared } = step;
              const edge = `${shares} ${withPeer}`;
              const isNews = model.joined.has(shares) && model.edges.has(edge) !== shared;
              if (isNews && shared) model.edges.add(edge);
              if (isNews && !shared) model.edges.delete(edge);
              expect(view.setShared(shares, withPeer, shared)).to.equal(isNews);
            } else if ('neighboursOf' in step) {
              const { neighboursOf: watcher, are } = step;
              const news = peers.filter(
                (id) => model.joined.has(watcher) && model.edges.has(`${watcher} ${id}`) !== are.includes(id),
              );
              for (const id of news) {
                if (are.includes(id)) model.edges.add(`${watcher} ${id}`);
                else model.edges.delete(`${watcher} ${id}`);
              }
              expect([...view.setNeighbours(watcher, new Set(are))].sort()).to.deep.equal(news);
            } else if ('bindingsOf' in step) {
              const { bindingsOf: id } = step;
              const bindings = step.rows.map(({ derp, ...more }): Binding => ({
                peerId: id,
                node: encoded(derp),
                ...more,
              }));
              if (watchersIn(model, id).length > 0) model.rows.set(id, bindings);
              // To look again in vain is allowed, not to look again is not.
              const mustLook = changedIn(model, before).length > 0;
              expect(view.setBindings(id, bindings) || !mustLook).to.equal(true);
            } else if ('writtenOf' in step) {
              const { derp, ...more } = step.row;
              const row: Binding = { peerId: step.writtenOf, node: encoded(derp), ...more };
              const known = model.rows.get(row.peerId);
              const old = known?.find(({ coordinatorId }) => coordinatorId === row.coordinatorId);
              const isTaken = old === undefined ? known !== undefined && step.stands : old.updatedAt < row.updatedAt;
              if (isTaken) model.rows.set(row.peerId, [...(known ?? []).filter((other) => other !== old), row]);
              const outcome = view.setBinding(row, step.stands);
              if (isTaken) expect(outcome).to.equal(changedIn(model, before).length > 0 ? 'changed' : outcome);
              else expect(outcome).to.equal(old !== undefined && isDeepStrictEqual(row, old) ? 'same' : 'unread');
              if (isTaken) expect(outcome).not.to.equal('unread');
            } else {
              model.live = new Set(step.live);
              const told = view.setLive(new Set(step.live));
              expect(told).to.include.members([...changedIn(model, before)]);
              expect(new Set(told).size, 'told once').to.equal(told.length);
              for (const id of told) expect(watchersIn(model, id)).not.to.deep.equal([]);
            }
            forgetUnwatched(model);

            for (const [watcher, id] of allPairs) {
              expect(seen(view, watcher, id), `${watcher} ${id}`).to.equal(seenIn(model, watcher, id));
            }
            for (const id of peers) {
              const watchers = watchersIn(model, id);
              expect([...view.watchersOf(id)].sort()).to.deep.equal(watchers);
              expect(view.isWatched(id)).to.equal(watchers.length > 0);
              expect(view.needsBindings(id)).to.equal(watchers.length > 0 && !model.rows.has(id));
              expect(view.isJoined(id)).to.equal(model.joined.has(id));
              expect([...view.neighboursOf(id)].sort()).to.deep.equal(
                peers.filter((other) => model.edges.has(`${id} ${other}`)),
              );
            }
            expect([...view.joined()].sort()).to.deep.equal([...model.joined].sort());
            expect([...view.watched()].sort()).to.deep.equal(peers.filter((id) => watchersIn(model, id).length > 0));
            const held = new Set([...model.rows.values()].flat().map(({ coordinatorId }) => coordinatorId));
            expect(view.size).to.include({ edges: model.edges.size, coordinators: held.size });
          }

          for (const id of peers) view.leave(id);
          expect(view.size).to.deep.equal({ joined: 0, edges: 0, watched: 0, coordinators: 0 });
        }),
        { numRuns: 300 },
      );
    });
  });
});
