import { expect } from 'chai';
import fc from 'fast-check';
import { EMPTY } from 'rxjs';
import { channels } from '../../src/db/bus.js';
import { StoreError, type Binding, type BindingWrite, type Tunnel } from '../../src/db/store.js';
import {
  type CoordinatorRow,
  type MemoryDatabase,
  type TunnelRow,
  alice,
  bob,
  carol,
  dave,
  east,
  memoryDatabase,
  north,
  south,
} from '../../src/testing/index.js';
import { answer, failureOf, hear } from './support/answer.js';

/** The tables without indexes, and every rule as a filter over all rows. */
interface Model {
  now: number;
  coordinators: CoordinatorRow[];
  peers: Binding[];
  tunnels: TunnelRow[];
}

const coordinatorIds = [north, south, east];
const peerIds = [alice, bob, carol, dave];
const expiry = 6000;
const day = 24 * 3600 * 1000;

const someId = fc.constantFrom(...coordinatorIds);
const somePeer = fc.constantFrom(...peerIds);
const someTunnel = fc.record({ src: somePeer, dst: somePeer });
const tunnelText = ({ src, dst }: Tunnel) => `${src},${dst}`;
const bindingWrite: fc.Arbitrary<BindingWrite> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('node', 'lost'),
    peerId: somePeer,
    node: fc.nat(255).map((byte) => Uint8Array.of(byte)),
  }),
  fc.record({ kind: fc.constant('disconnected'), peerId: somePeer }),
);

const isSilent = (model: Model, id: string) =>
  model.coordinators.every((row) => row.id !== id || model.now - row.heartbeatAt >= expiry * 1000);
const isLive = (model: Model, row: Binding) => row.status === 'ok' && !isSilent(model, row.coordinatorId);
const isLiveAt = (model: Model, peerId: string, coordinatorId: string) =>
  model.peers.some((row) => row.peerId === peerId && row.coordinatorId === coordinatorId && isLive(model, row));
const isOld = (model: Model, time: number) => model.now - time > day * 1000;

/** One step on both; the model says what has to be announced. */
type Step = (model: Model, database: MemoryDatabase) => { peers: Iterable<string>; tunnels: Iterable<string> };

const nothing = { peers: [], tunnels: [] };

const partition = <T>(rows: readonly T[], goes: (row: T) => boolean) => ({
  out: rows.filter(goes),
  left: rows.filter((row) => !goes(row)),
});

/** Takes rows out of the model, and gives them back. */
const takePeers = (model: Model, goes: (row: Binding) => boolean): readonly Binding[] => {
  const { out, left } = partition(model.peers, goes);
  model.peers = left;
  return out;
};

const takeTunnels = (model: Model, goes: (row: TunnelRow) => boolean): readonly TunnelRow[] => {
  const { out, left } = partition(model.tunnels, goes);
  model.tunnels = left;
  return out;
};

const heartbeat =
  (id: string): Step =>
  (model, { store }) => {
    const result = answer(store.heartbeat(id));
    expect(result).to.deep.equal({
      created: model.coordinators.every((row) => row.id !== id),
      hasBindings: model.peers.some((row) => row.coordinatorId === id),
      hasTunnels: model.tunnels.some((row) => row.coordinatorId === id),
    });
    model.coordinators = [...model.coordinators.filter((row) => row.id !== id), { id, heartbeatAt: model.now }];
    return nothing;
  };

const pass =
  (milliseconds: number): Step =>
  (model) => {
    model.now += milliseconds * 1000;
    return nothing;
  };

const knows = (model: Model, coordinatorId: string) => model.coordinators.some(({ id }) => id === coordinatorId);

const writeBindings =
  (coordinatorId: string, writes: readonly BindingWrite[]): Step =>
  (model, { store }) => {
    const call$ = store.writeBindings({ coordinatorId, expiry }, writes);
    if (!knows(model, coordinatorId)) {
      expect(failureOf(call$)).to.be.instanceOf(StoreError).with.property('reason', 'missing-coordinator');
      return nothing;
    }
    const { at: updatedAt } = answer(call$);
    const peers: string[] = [];
    for (const write of writes) {
      const isOwn = (row: Binding) => row.peerId === write.peerId && row.coordinatorId === coordinatorId;
      if (write.kind === 'disconnected') {
        const gone = takePeers(model, (row) => isOwn(row) || (row.peerId === write.peerId && !isLive(model, row)));
        if (gone.length > 0) peers.push(write.peerId);
      } else if (write.kind === 'node' || model.peers.some(isOwn)) {
        takePeers(model, isOwn);
        const status = write.kind === 'node' ? 'ok' : 'lost';
        model.peers.push({ peerId: write.peerId, coordinatorId, updatedAt, node: write.node, status });
        peers.push(write.peerId);
      }
    }
    return { peers, tunnels: [] };
  };

const without = (tunnels: readonly Tunnel[], others: readonly Tunnel[]): readonly Tunnel[] =>
  tunnels.filter((tunnel) => !others.some((other) => tunnelText(other) === tunnelText(tunnel)));

const writeTunnels =
  (
    coordinatorId: string,
    adds: readonly Tunnel[],
    removes: readonly Tunnel[],
    ownRemoves: readonly Tunnel[],
    clear: readonly string[],
  ): Step =>
  (model, { store }) => {
    const remove = without(removes, adds);
    const removeOwn = without(ownRemoves, [...adds, ...remove]);
    const call$ = store.writeTunnels({ coordinatorId, expiry }, { add: adds, remove, removeOwn, clear });
    if (!knows(model, coordinatorId)) {
      expect(failureOf(call$)).to.have.property('reason', 'missing-coordinator');
      return nothing;
    }
    const { at: updatedAt } = answer(call$);
    const gone = takeTunnels(
      model,
      (row) =>
        (row.coordinatorId === coordinatorId && removeOwn.some((tunnel) => tunnelText(tunnel) === tunnelText(row))) ||
        ((row.coordinatorId === coordinatorId || !isLiveAt(model, row.src, row.coordinatorId)) &&
          (remove.some((tunnel) => tunnelText(tunnel) === tunnelText(row)) ||
            (clear.includes(row.src) && adds.every((tunnel) => tunnelText(tunnel) !== tunnelText(row))))),
    );
    for (const added of adds) {
      takeTunnels(model, (row) => row.coordinatorId === coordinatorId && tunnelText(row) === tunnelText(added));
      model.tunnels.push({ ...added, coordinatorId, updatedAt });
    }
    return { peers: [], tunnels: [...gone, ...adds].map(tunnelText) };
  };

const loseBindings =
  (coordinatorId: string): Step =>
  (model, { store, rows }) => {
    const losing = model.peers.filter((row) => row.coordinatorId === coordinatorId && row.status === 'ok');
    expect(answer(store.loseBindings(coordinatorId))).to.equal(losing.length);
    const updatedAt = Math.max(...rows.peers().map((row) => row.updatedAt));
    if (losing.length > 0) expect(updatedAt).to.be.at.least(model.now);
    model.peers = model.peers.map((row) => (losing.includes(row) ? { ...row, status: 'lost', updatedAt } : row));
    return { peers: losing.map(({ peerId }) => peerId), tunnels: [] };
  };

const cleanCoordinators: Step = (model, { store }) => {
  const old = model.coordinators.filter((row) => isOld(model, row.heartbeatAt)).map(({ id }) => id);
  expect(answer(store.cleanCoordinators())).to.equal(old.length);
  model.coordinators = model.coordinators.filter(({ id }) => !old.includes(id));
  const peers = takePeers(model, (row) => old.includes(row.coordinatorId));
  const tunnels = takeTunnels(model, (row) => old.includes(row.coordinatorId));
  return { peers: peers.map(({ peerId }) => peerId), tunnels: tunnels.map(tunnelText) };
};

const cleanLostBindings: Step = (model, { store }) => {
  const gone = takePeers(model, (row) => row.status === 'lost' && isOld(model, row.updatedAt));
  expect(answer(store.cleanLostBindings())).to.equal(gone.length);
  return { peers: gone.map(({ peerId }) => peerId), tunnels: [] };
};

const cleanTunnels: Step = (model, { store }) => {
  const isBound = (row: TunnelRow) =>
    model.peers.some(({ peerId, coordinatorId }) => peerId === row.src && coordinatorId === row.coordinatorId);
  const gone = takeTunnels(model, (row) => isOld(model, row.updatedAt) && !isBound(row));
  expect(answer(store.cleanTunnels())).to.equal(gone.length);
  return { peers: [], tunnels: gone.map(tunnelText) };
};

const distinctTunnels = fc.uniqueArray(someTunnel, { selector: tunnelText, maxLength: 4 });
const someStep: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: someId.map(heartbeat), weight: 4 },
  { arbitrary: fc.constantFrom(0, 1, 3000, 6000, 3_600_000, day, day + 1).map(pass), weight: 3 },
  {
    arbitrary: fc
      .tuple(someId, fc.uniqueArray(bindingWrite, { selector: ({ peerId }) => peerId }))
      .map((args) => writeBindings(...args)),
    weight: 6,
  },
  {
    arbitrary: fc
      .tuple(someId, distinctTunnels, distinctTunnels, distinctTunnels, fc.uniqueArray(somePeer, { maxLength: 2 }))
      .map((args) => writeTunnels(...args)),
    weight: 6,
  },
  someId.map(loseBindings),
  fc.constantFrom(cleanCoordinators, cleanLostBindings, cleanTunnels),
);

const sorted = <T>(items: readonly T[], key: (item: T) => string): readonly T[] =>
  [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));

/** Everything that can be read agrees with the model. */
const compare = (model: Model, { rows, store }: MemoryDatabase) => {
  const peerKey = (row: Omit<Binding, 'node'>) => `${row.peerId} ${row.coordinatorId}`;
  const tunnelKey = (row: TunnelRow) => `${tunnelText(row)} ${row.coordinatorId}`;
  const peers = sorted(model.peers, peerKey);
  expect(sorted(rows.coordinators(), ({ id }) => id)).to.deep.equal(sorted(model.coordinators, ({ id }) => id));
  expect(sorted(rows.peers(), peerKey)).to.deep.equal(peers);
  expect(sorted(rows.tunnels(), tunnelKey)).to.deep.equal(sorted(model.tunnels, tunnelKey));
  expect(sorted(answer(store.readBindings(peerIds)), peerKey)).to.deep.equal(peers);

  const share = (a: string, b: string) =>
    model.tunnels.some((row) => (row.src === a && row.dst === b) || (row.src === b && row.dst === a));
  const pairs = peerIds.flatMap((a) => peerIds.map((b) => [a, b] as const));
  expect(answer(store.readPairs(pairs))).to.deep.equal(pairs.map(([a, b]) => share(a, b)));
  const neighbours = peerIds
    .map((peerId) => ({ peerId, neighbourIds: peerIds.filter((other) => share(peerId, other)) }))
    .filter(({ neighbourIds }) => neighbourIds.length > 0);
  const read = answer(store.readNeighbours(peerIds)).map(({ peerId, neighbourIds }) => ({
    peerId,
    neighbourIds: sorted(neighbourIds, (id) => id),
  }));
  expect(sorted(read, ({ peerId }) => peerId)).to.deep.equal(neighbours);

  for (const coordinatorId of coordinatorIds) {
    const own = peers
      .filter((row) => row.coordinatorId === coordinatorId)
      .map(({ peerId, updatedAt, status }) => ({ peerId, updatedAt, status }));
    expect([...answer(store.readOwnBindings(coordinatorId))]).to.have.deep.members(own);

    const tunnels = model.tunnels.filter((row) => row.coordinatorId === coordinatorId).map(tunnelText);
    const read = answer(store.readOwnTunnels(coordinatorId, undefined, 100));
    expect(read.map(tunnelText)).to.deep.equal(tunnels.sort());
    expect(answer(store.readOwnTunnels(coordinatorId, read[0], 100))).to.deep.equal(read.slice(1));
  }
};

describe('the tables of memoryDatabase', () => {
  it('hold and announce the same as tables without any index, whatever is written', () => {
    fc.assert(
      fc.property(fc.array(someStep, { minLength: 1, maxLength: 40, size: 'max' }), (steps) => {
        const model: Model = { now: 1_000_000_000, coordinators: [], peers: [], tunnels: [] };
        const scheduler = { now: () => model.now / 1000, schedule: () => EMPTY.subscribe() };
        const database = memoryDatabase({ scheduler });
        const [peerNews, tunnelNews] = [hear(database, channels.peer), hear(database, channels.tunnel)];
        for (const step of steps) {
          peerNews.heard.length = 0;
          tunnelNews.heard.length = 0;
          // As time passes with writes, each is later than the one before.
          model.now += 1000;
          const { peers, tunnels } = step(model, database);
          expect([...peerNews.heard].sort()).to.deep.equal([...new Set(peers)].sort());
          expect([...tunnelNews.heard].sort()).to.deep.equal([...new Set(tunnels)].sort());
          compare(model, database);
        }
      }),
      { numRuns: 200 },
    );
  });
});
