import { expect } from 'chai';
import { asyncScheduler, endWith, map, tap } from 'rxjs';
import type { Binding } from '../../src/db/store.js';
import { decodeNode, encodeNode } from '../../src/proto/node.js';
import { peersChanged } from '../../src/streams/changes.js';
import { Connections } from '../../src/streams/connections.js';
import { createTeller } from '../../src/streams/teller.js';
import { View } from '../../src/streams/view.js';
import { type WatchUpdate, watch$ } from '../../src/streams/watch.js';
import { aNode, alice, bob, nameOf, north, south } from '../../src/testing/index.js';
import { describeWatch } from '../support/describeWatch.js';

const setUp = () => {
  const connections = new Connections();
  const view = new View(north, ({ node }) => decodeNode(node));
  const { tellWatchers } = createTeller({ view, connections, scheduler: asyncScheduler });
  /** What was to be read. */
  const reads: string[] = [];
  const querier = { refreshBindings: (peerId: string) => void reads.push(nameOf(peerId)) };

  const watch = (peerId = bob) => {
    const updates: WatchUpdate[] = [];
    const heard: string[] = [];
    const subscription = watch$({ connections, view, querier }, peerId)
      .pipe(
        tap((update) => updates.push(update)),
        map(describeWatch),
        endWith('end'),
      )
      .subscribe((text) => heard.push(text));
    return { updates, heard, stop: () => subscription.unsubscribe() };
  };

  /** Bob's rows are these now, and have been read. */
  const read = (...rows: readonly Binding[]) => {
    if (view.setBindings(bob, rows)) tellWatchers([bob]);
  };
  return { connections, view, tellWatchers, reads, watch, read };
};

const row = (derp: number, more: Partial<Binding> = {}): Binding => ({
  ...{ peerId: bob, coordinatorId: north, updatedAt: derp, status: 'ok' },
  node: encodeNode(aNode({ of: bob, derp })),
  ...more,
});

const lost = { status: 'lost' } as const;

describe('watch$', () => {
  it('has a peer read that nobody here knows, and says nothing until then', () => {
    const { watch, read, reads, connections } = setUp();
    const { heard } = watch();
    for (const each of connections.all()) each.tell(peersChanged([bob]));
    expect([reads, heard]).to.deep.equal([['bob'], []]);
    read(row(1));
    expect(heard).to.deep.equal(['node derp 1']);
  });

  it('says at once what is known already, and has nothing read for it', () => {
    const { watch, read, reads, view } = setUp();
    view.join(alice);
    view.setShared(alice, bob, true);
    read(row(1));
    expect(watch().heard).to.deep.equal(['node derp 1']);
    expect(reads).to.deep.equal([]);
  });

  it('says it when there is nothing of the peer, once', () => {
    const { watch, read } = setUp();
    const { heard } = watch();
    read();
    read();
    expect(heard).to.deep.equal(['disconnected']);
  });

  it('tells of each change, and not of rows that say the same', () => {
    const { watch, read } = setUp();
    const { heard } = watch();
    read(row(1));
    read(row(1, { updatedAt: 5 }));
    read(row(1, { node: encodeNode(aNode({ of: bob, derp: 1, asOf: { seconds: 9n, nanos: 0 } })) }));
    read(row(2));
    read(row(2, lost));
    read(row(2, { ...lost, updatedAt: 7 }));
    read(row(2));
    read();
    expect(heard).to.deep.equal(['node derp 1', 'node derp 2', 'lost derp 2', 'node derp 2', 'disconnected']);
  });

  it('tells of a lost peer what it was last, also where somebody with a tunnel would not hear of it', () => {
    const { watch, read } = setUp();
    const { heard } = watch();
    read(row(1, lost));
    read(row(2, lost));
    expect(heard).to.deep.equal(['lost derp 1', 'lost derp 2']);
  });

  it('goes by the best of several rows, and by which coordinators are live', () => {
    const { watch, read, view, tellWatchers } = setUp();
    const { heard } = watch();
    read(row(1, lost), row(9, { coordinatorId: south }));
    tellWatchers(view.setLive(new Set([south])));
    tellWatchers(view.setLive(new Set()));
    expect(heard).to.deep.equal(['lost derp 9', 'node derp 9', 'lost derp 9']);
  });

  it('hands all the same node, which nobody can change', () => {
    const { watch, read } = setUp();
    const [{ updates: one }, { updates: other }] = [watch(), watch()];
    read(row(1));
    expect(one[0]).to.have.property('node').that.satisfies(Object.isFrozen);
    expect((one[0] as { node: unknown }).node).to.equal((other[0] as { node: unknown }).node);
    expect(one[0]).to.satisfy(Object.isFrozen);
  });

  it('ends with the reason that its coordinator gives, and holds nothing then', () => {
    const { watch, read, connections, view } = setUp();
    const { heard } = watch();
    read(row(1));
    for (const connection of connections.all()) connection.end('coordinator closed');
    expect(heard).to.deep.equal(['node derp 1', 'closed: coordinator closed', 'end']);
    expect(connections.size).to.equal(0);
    expect(view.size).to.deep.equal({ joined: 0, edges: 0, watched: 0, coordinators: 0 });
  });

  it('holds nothing once the last one has stopped to watch, be it in the middle of what it is told', () => {
    const { watch, read, connections, view } = setUp();
    const [one, other] = [watch(), watch()];
    read(row(1));
    one.stop();
    expect(view.size).to.deep.equal({ joined: 0, edges: 0, watched: 1, coordinators: 1 });
    read(row(2));
    expect([one.heard, other.heard]).to.deep.equal([['node derp 1'], ['node derp 1', 'node derp 2']]);
    other.stop();
    expect([connections.size, view.size.watched, view.size.coordinators]).to.deep.equal([0, 0, 0]);

    const querier = { refreshBindings: () => undefined };
    const third = watch$({ connections, view, querier }, bob).subscribe(() => {
      third.unsubscribe();
    });
    read(row(3));
    expect([third.closed, connections.size, view.size.watched]).to.deep.equal([true, 0, 0]);
  });

  it('neither sees nor disturbs a connection of the same peer', () => {
    const { watch, read, connections, view } = setUp();
    const told: unknown[] = [];
    view.join(bob);
    connections.open({ id: bob, tell: (changes) => told.push(changes), end: (reason) => told.push(reason) });
    const { heard, stop } = watch();
    read(row(1));
    stop();
    expect([heard, told]).to.deep.equal([['node derp 1'], []]);
    expect([connections.has(bob), view.isJoined(bob), view.size.watched]).to.deep.equal([true, true, 0]);
  });
});
