import { expect } from 'chai';
import { NEVER, Observable, Subject, defer, from, of, take, throwError, timer } from 'rxjs';
import type { TestScheduler } from 'rxjs/testing';
import type { Uuid } from '../../src/db/store.js';
import type { CoordinateRequest } from '../../src/proto/gen/tailnet.js';
import { encodeNode } from '../../src/proto/node.js';
import { bytesOf } from '../../src/proto/nodeBytes.js';
import { requests } from '../../src/proto/requests.js';
import { peersChanged } from '../../src/streams/changes.js';
import { createComposeUpdate } from '../../src/streams/composeUpdate.js';
import { type Caller, type ConnectionParts, connection$ } from '../../src/streams/connection.js';
import { Connections } from '../../src/streams/connections.js';
import { View } from '../../src/streams/view.js';
import { aNode, alice, bob, carol, dave, describeUpdates, nameOf, north } from '../../src/testing/index.js';
import { decodeNode } from '../../src/proto/node.js';
import { silentTelemetry } from '../../src/telemetry.js';
import { logbook } from './support/logbook.js';

/** Nothing here waits: connections that need time are drawn in the tests of whole coordinators. */
const noTime = {
  now: () => 0,
  schedule: () => {
    throw new Error('nothing waits here');
  },
} satisfies Pick<TestScheduler, 'now' | 'schedule'>;

const setUp = () => {
  const connections = new Connections();
  const view = new View(north, ({ node }) => decodeNode(node));
  /** What the shared parts were told, in order. */
  const told: string[] = [];
  const book = logbook();
  let closing = false;
  const parts: ConnectionParts = {
    ...{
      connections,
      view,
      maxUpdatesPerResponse: 2,
      maxResponseSize: 1024,
      authTimeout: 100,
      composeUpdate: createComposeUpdate(),
      telemetry: silentTelemetry,
      scheduler: noTime,
      logger: book.logger,
    },
    querier: {
      refreshNeighbours: (peerId) => told.push(`read neighbours of ${nameOf(peerId)}`),
      forget: (peerId) => told.push(`forget ${nameOf(peerId)}`),
    },
    binder: {
      accept: (change) =>
        told.push(
          `${nameOf(change.peerId)} ${change.kind}${change.kind === 'node' ? ` ${String(decodeNode(bytesOf(change.node)).preferredDerp)}` : ''}`,
        ),
    },
    tunneler: {
      accept: (change) =>
        told.push(`${change.kind} ${nameOf(change.src)}${'dst' in change ? `>${nameOf(change.dst)}` : ''}`),
    },
    handshaker: { accept: (to, from) => told.push(`${nameOf(from)} is ready for ${nameOf(to)}`) },
    goesTogether: () => closing,
  };

  const connect = (peerId: Uuid, caller: Partial<Caller> = {}) => {
    const requests$ = new Subject<CoordinateRequest>();
    const heard: string[] = [];
    const subscription = connection$(parts, {
      ...{ peerId, name: nameOf(peerId), requests$, auth: () => undefined, ready$: of(true) },
      ...caller,
    }).subscribe({
      next: (response) => heard.push(describeUpdates(response).join(', ')),
      complete: () => heard.push('end'),
      error: (error: unknown) => heard.push(`failed: ${String(error)}`),
    });
    return {
      heard,
      requests$,
      send: (request: CoordinateRequest) => requests$.next(request),
      drop: () => subscription.unsubscribe(),
    };
  };

  const share = (a: Uuid, b: Uuid, derp?: number) => {
    view.setShared(a, b, true);
    const node =
      derp === undefined
        ? []
        : [
            {
              peerId: b,
              coordinatorId: north,
              updatedAt: 1,
              node: encodeNode(aNode({ of: b, derp })),
              status: 'ok' as const,
            },
          ];
    view.setBindings(b, node);
    connections.post(a, peersChanged([b]));
  };

  return { connections, view, told, book, connect, share, parts, close: () => (closing = true) };
};

const arrival = (name: string) => `read neighbours of ${name}`;
const lost = (name: string) => [`forget ${name}`, `${name} lost`, `release ${name}`];
const gone = (name: string) => [`forget ${name}`, `${name} disconnected`, `clear ${name}`];

describe('connection$', () => {
  it('takes a peer in when it is subscribed to, and has its neighbours read', () => {
    const { connect, told, connections, view } = setUp();
    connect(alice);
    expect(told).to.deep.equal([arrival('alice')]);
    expect([connections.has(alice), view.isJoined(alice)]).to.deep.equal([true, true]);
  });

  it('is in before its first request takes effect', () => {
    const { connect, told } = setUp();
    connect(alice, { requests$: of(requests.addTunnel(bob)) });
    expect(told.slice(0, 2)).to.deep.equal([arrival('alice'), 'add alice>bob']);
  });

  it('does what is asked for in the order of the parts', () => {
    const { connect, told, share } = setUp();
    const { send } = connect(alice);
    share(alice, dave, 4);
    send({
      ...requests.readyForHandshake(dave),
      removeTunnel: requests.removeTunnel(carol).removeTunnel,
      addTunnel: requests.addTunnel(bob).addTunnel,
      updateSelf: { node: aNode({ derp: 7 }) },
    });
    expect(told).to.deep.equal([
      ...[arrival('alice'), 'alice node 7', 'add alice>bob', 'remove alice>carol', 'alice is ready for dave'],
    ]);
  });

  it('ends with what is wrong with a node that cannot be encoded, and does nothing else that was asked for with it', () => {
    const { connect, told, book } = setUp();
    const { send, heard } = connect(alice);
    send({ ...requests.addTunnel(bob), updateSelf: { node: { ...aNode({ derp: 7 }), preferredDerp: 7.5 } } });
    expect(heard).to.deep.equal(['error: update_self: the node cannot be encoded: invalid int32: 7.5', 'end']);
    expect(told).to.deep.equal([arrival('alice'), ...lost('alice')]);
    expect(book.lines).to.deep.equal(['info invalid coordinate request']);
  });

  it('completes after a goodbye, to which everything before in the request still counts, and nothing after', () => {
    const { connect, told, connections, view } = setUp();
    const { send, heard } = connect(alice);
    send({ ...requests.readyForHandshake(bob), addTunnel: requests.addTunnel(bob).addTunnel, disconnect: {} });
    send(requests.addTunnel(carol));
    expect(heard).to.deep.equal(['end']);
    expect(told).to.deep.equal([arrival('alice'), 'add alice>bob', ...gone('alice')]);
    expect([connections.has(alice), view.isJoined(alice)]).to.deep.equal([false, false]);
  });

  it('counts a goodbye that is followed by unsubscribing at once as one', () => {
    const { connect, told } = setUp();
    const requests$ = of(requests.disconnect());
    connect(alice, { requests$ }).drop();
    const { send, drop } = connect(bob);
    send(requests.disconnect());
    drop();
    expect(told).to.deep.equal([arrival('alice'), ...gone('alice'), arrival('bob'), ...gone('bob')]);
  });

  it('counts unsubscribing as a lost connection', () => {
    const { connect, told, connections, view } = setUp();
    connect(alice).drop();
    expect(told).to.deep.equal([arrival('alice'), ...lost('alice')]);
    expect([connections.has(alice), view.isJoined(alice), connections.size]).to.deep.equal([false, false, 0]);
  });

  it('counts the end of the requests as a lost connection', () => {
    const { connect, told } = setUp();
    const { requests$, heard } = connect(alice);
    requests$.complete();
    expect(heard).to.deep.equal(['end']);
    expect(told).to.deep.equal([arrival('alice'), ...lost('alice')]);
  });

  it('counts an error of the requests as a lost connection, and does not pass it on', () => {
    const { connect, told, book } = setUp();
    const { heard } = connect(alice, { requests$: throwError(() => new Error('ECONNRESET')) });
    expect(heard).to.deep.equal(['end']);
    expect(told).to.deep.equal([arrival('alice'), ...lost('alice')]);
    expect(book.lines).to.deep.equal(['debug request stream broke']);
  });

  it('loses a peer whose request was refused, after telling it why', () => {
    const { connect, told, book } = setUp();
    const { send, heard } = connect(alice);
    send({ ...requests.addTunnel(bob), updateSelf: { node: undefined } });
    expect(heard).to.deep.equal(['error: update_self node is required', 'end']);
    expect(told).to.deep.equal([arrival('alice'), ...lost('alice')]);
    expect(book.entries[0]).to.include({ peer_id: alice, name: 'alice' });
  });

  it('answers who is ready for a peer it does not share a tunnel with, skips the rest, and goes on', () => {
    const { connect, told, share } = setUp();
    const { send, heard } = connect(alice);
    share(alice, bob, 2);
    share(alice, dave, 4);
    send(requests.readyForHandshake(bob, carol, dave));
    send(requests.readyForHandshake(dave));
    expect(heard).to.deep.equal([
      ...['bob NODE derp 2 (new)', 'dave NODE derp 4 (new)', `error: you do not share a tunnel with "${carol}"`],
    ]);
    expect(told).to.deep.equal([arrival('alice'), 'alice is ready for bob', 'alice is ready for dave']);
  });

  it('is ready for a lost peer, too, and not for one that nothing is known of yet', () => {
    const { connect, told, view, share } = setUp();
    const { send, heard } = connect(alice);
    view.setShared(alice, carol, true);
    share(alice, bob);
    const row = {
      peerId: dave,
      coordinatorId: north,
      updatedAt: 1,
      node: encodeNode(aNode()),
      status: 'lost' as const,
    };
    view.setShared(alice, dave, true);
    view.setBindings(dave, [row]);
    for (const other of [carol, bob, dave]) send(requests.readyForHandshake(other));
    expect(heard).to.deep.equal([carol, bob].map((other) => `error: you do not share a tunnel with "${other}"`));
    expect(told.slice(1)).to.deep.equal(['alice is ready for dave']);
  });

  it('ends the older connection of the same peer, whose withdrawals then count for nothing', () => {
    const { connect, told, connections, view, share } = setUp();
    const older = connect(alice);
    share(alice, bob, 2);
    const newer = connect(alice);
    expect(older.heard).to.deep.equal(['bob NODE derp 2 (new)', 'error: peer ID overwritten by new connection', 'end']);
    // It starts with what the older one had come to know, and has it read again.
    expect(newer.heard).to.deep.equal(['bob NODE derp 2 (new)']);
    expect(told).to.deep.equal([arrival('alice'), arrival('alice')]);
    older.send(requests.disconnect());
    older.drop();
    expect(told).to.have.lengthOf(2);
    expect([connections.size, view.isJoined(alice)]).to.deep.equal([1, true]);
    newer.drop();
    expect(told.slice(2)).to.deep.equal(lost('alice'));
  });

  it('is ended once however often it is overwritten', () => {
    const { connect, told, connections } = setUp();
    const all = Array.from({ length: 5 }, () => connect(alice));
    expect(all.map(({ heard }) => heard.join(' '))).to.deep.equal([
      ...Array.from({ length: 4 }, () => 'error: peer ID overwritten by new connection end'),
      '',
    ]);
    expect([connections.size, told.length]).to.deep.equal([1, 5]);
  });

  it('survives a peer that connects again while it is told that it was overwritten', () => {
    const { connect, told, connections, parts } = setUp();
    const heard: string[] = [];
    const again$ = defer(() =>
      connection$(parts, {
        ...{ peerId: alice, name: 'alice', requests$: NEVER },
        auth: () => undefined,
        ready$: of(true),
      }),
    );
    again$.subscribe({ complete: () => again$.subscribe({ complete: () => heard.push('third ended') }) });
    const second = connect(alice);
    // The third took the second one's place while the second was being taken in.
    expect(second.heard).to.deep.equal(['error: peer ID overwritten by new connection', 'end']);
    expect(heard).to.deep.equal([]);
    expect(connections.size).to.equal(1);
    expect(told.filter((line) => line.includes('lost'))).to.deep.equal([]);
  });

  it('ends with what the coordinator says, and its peer is lost', () => {
    const { connect, told, connections } = setUp();
    const { heard } = connect(alice);
    for (const connection of connections.all()) connection.end('coordinator unhealthy');
    expect(heard).to.deep.equal(['error: coordinator unhealthy', 'end']);
    expect(told).to.deep.equal([arrival('alice'), ...lost('alice')]);
  });

  it('leaves it to a closing coordinator to mark its peers lost, but says goodbye for who said it', () => {
    const { connect, told, connections, close } = setUp();
    connect(alice);
    const { send } = connect(bob);
    close();
    for (const connection of connections.all()) if (connection.id === alice) connection.end('coordinator closed');
    send(requests.disconnect());
    expect(told.slice(2)).to.deep.equal(['forget alice', ...gone('bob')]);
  });

  it('says nothing while the receiver is not ready, but ends nevertheless', () => {
    const { connect, connections, share } = setUp();
    const ready$ = new Subject<boolean>();
    const { heard } = connect(alice, { ready$ });
    ready$.next(false);
    share(alice, bob, 1);
    share(alice, bob, 2);
    expect(heard).to.deep.equal([]);
    ready$.next(true);
    expect(heard).to.deep.equal(['bob NODE derp 2 (new)']);
    ready$.next(false);
    for (const connection of connections.all()) connection.end('coordinator closed');
    expect(heard.slice(1)).to.deep.equal(['error: coordinator closed', 'end']);
  });

  it('puts no more updates in a response than it may', () => {
    const { connect, connections, view } = setUp();
    const { heard } = connect(alice);
    const others = [bob, carol, dave];
    for (const other of others) {
      view.setShared(alice, other, true);
      view.setBindings(other, [
        { peerId: other, coordinatorId: north, updatedAt: 1, node: encodeNode(aNode()), status: 'ok' },
      ]);
    }
    connections.post(alice, peersChanged(others));
    expect(heard).to.deep.equal(['bob NODE derp 1 (new), carol NODE derp 1 (new)', 'dave NODE derp 1 (new)']);
  });

  it('answers what breaks in its updates with the generic text, and its peer is lost', () => {
    const { connect, told, book, share } = setUp();
    const { heard } = connect(alice, { ready$: throwError(() => new Error('the receiver broke')) });
    share(alice, bob, 1);
    expect(heard).to.deep.equal(['error: internal coordinator error', 'end']);
    expect(told.slice(-2)).to.deep.equal(['alice lost', 'release alice']);
    expect(book.lines).to.deep.equal(['error updates failed']);
  });

  it('leaves nothing behind of a peer whose connection ends as it is being taken in', () => {
    const { connect, told, connections, view } = setUp();
    connect(alice, { ready$: throwError(() => new Error('the receiver broke')) });
    expect(told).to.deep.equal(['forget alice', 'alice lost', 'release alice']);
    expect([connections.has(alice), view.isJoined(alice)]).to.deep.equal([false, false]);
  });

  it('does not listen to the requests of a connection that ends with the first that it hears', () => {
    const { connect, share, parts, told } = setUp();
    connect(alice);
    share(alice, bob, 2);
    told.length = 0;
    const requests$ = new Observable<never>(() => void told.push('listened to'));
    const caller = { peerId: alice, name: 'alice', requests$, auth: () => undefined, ready$: undefined };
    // It starts with what the older connection had come to know.
    connection$(parts, caller).pipe(take(1)).subscribe();
    expect(told.filter((line) => !line.startsWith('read'))).to.deep.equal(lost('alice'));
  });

  it('does nothing of what is asked after nobody hears the answers any more, even by requests that come all at once', () => {
    const { parts, told } = setUp();
    const requests$ = from([requests.readyForHandshake(bob), requests.updateSelf(aNode({ derp: 7 }))]);
    const caller = { peerId: alice, name: 'alice', requests$, auth: () => undefined, ready$: undefined };
    connection$(parts, caller).pipe(take(1)).subscribe();
    expect(told).to.deep.equal([arrival('alice'), ...lost('alice')]);
  });

  it('lets go of requests and readiness when it ends', () => {
    const { connect } = setUp();
    const log: string[] = [];
    const watched = <T>(name: string) => new Observable<T>(() => () => log.push(name));
    const { drop } = connect(alice, { requests$: watched('requests'), ready$: watched('readiness') });
    drop();
    expect(log.sort()).to.deep.equal(['readiness', 'requests']);
  });

  it('is cold: nothing happens until it is subscribed to', () => {
    const { parts, told, connections } = setUp();
    connection$(parts, {
      ...{ peerId: alice, name: 'alice', requests$: timer(0) as Observable<never> },
      auth: () => undefined,
      ready$: of(true),
    });
    expect([told.length, connections.size]).to.deep.equal([0, 0]);
  });
});
