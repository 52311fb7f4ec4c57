import { expect } from 'chai';
import type { Uuid } from '../../src/db/store.js';
import { alice, bob, carol, nameOf, type Sighting } from '../../src/testing/index.js';
import { coordinatorProcess, type CoordinatorProcess } from '../processes/coordinatorProcess.js';
import { steadyPeer, type SteadyPeer } from './steadyPeer.js';

/**
 * Coordinators that are processes of their own, and peers that know them all. Alice, bob and carol are there, each with
 * a tunnel to one of the others, so that everybody sees everybody: alice and carol at the first coordinator, bob at the
 * second. All of it ends with the mesh.
 */
export interface Mesh extends AsyncDisposable {
  readonly coordinators: readonly CoordinatorProcess[];
  readonly urls: readonly string[];
  readonly alice: SteadyPeer;
  readonly bob: SteadyPeer;
  readonly carol: SteadyPeer;
  /** One more peer, which opens tunnels to these. */
  peer(id: Uuid, home: number, ...tunnels: readonly Uuid[]): SteadyPeer;
  /** Each of the three publishes a node that it has not published before: all the same in the same round. */
  update(round: number): void;
  /** Each of the three sees what the two others published in this round. Milliseconds from now until then. */
  heard(round: number): Promise<number>;
  /** What anybody was told of this kind, as `alice: bob lost`. */
  told(kind: Sighting['kind']): readonly string[];
  /** How connections ended, as `alice: 1013 coordinator unhealthy`. */
  ends(): readonly string[];
  /** Ends a coordinator: with its exit code, or the signal. One that ends otherwise is a failure when the mesh ends. */
  end(index: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | NodeJS.Signals>;
  /** The coordinators' logs. */
  log(): string;
}

/** Starts a coordinator for each URL of a database, or takes one. Resolves when everybody sees everybody. */
export const openMesh = async (...given: readonly (string | CoordinatorProcess)[]): Promise<Mesh> => {
  const coordinators = given.map((one) => (typeof one === 'string' ? coordinatorProcess(one) : one));
  const toldToEnd = new Set<CoordinatorProcess>();
  const peers: SteadyPeer[] = [];
  const close = async (): Promise<void> => {
    for (const peer of peers) peer.drop();
    await Promise.all(coordinators.map((coordinator) => coordinator[Symbol.asyncDispose]()));
  };
  try {
    const urls = (await Promise.all(coordinators.map(({ listening }) => listening))).map(({ url }) => url);
    const peer = (id: Uuid, home: number, ...tunnels: readonly Uuid[]): SteadyPeer => {
      const connected = steadyPeer(urls, id, home);
      peers.push(connected);
      for (const other of tunnels) connected.addTunnel(other);
      return connected;
    };
    const three = [peer(alice, 0, bob), peer(bob, 1, carol), peer(carol, 0, alice)] as const;
    const update = (round: number): void => {
      three.forEach((one, index) => {
        one.updateDerp(10 * round + index);
      });
    };
    const heard = async (round: number): Promise<number> => {
      const since = performance.now();
      await Promise.all(
        three.flatMap((one) =>
          three.flatMap((other, index) => (one === other ? [] : [one.eventuallySees(other.id, 10 * round + index)])),
        ),
      );
      return performance.now() - since;
    };
    update(1);
    await heard(1);
    return {
      coordinators,
      urls,
      alice: three[0],
      bob: three[1],
      carol: three[2],
      peer,
      update,
      heard,
      told: (kind) =>
        peers.flatMap((one) =>
          peers.flatMap((other) =>
            one.seen
              .historyOf(other.id)
              .filter((sighting) => sighting.kind === kind)
              .map(() => `${nameOf(one.id)}: ${nameOf(other.id)} ${kind}`),
          ),
        ),
      ends: () => peers.flatMap((one) => one.ends.map((end) => `${nameOf(one.id)}: ${end}`)),
      end: async (index, signal) => {
        const coordinator = coordinators[index];
        if (coordinator === undefined) throw new RangeError(`there is no coordinator ${String(index)}`);
        toldToEnd.add(coordinator);
        coordinator.signal(signal);
        return coordinator.ended;
      },
      log: () => coordinators.map((coordinator) => coordinator.log()).join('\n'),
      [Symbol.asyncDispose]: async () => {
        const ended = coordinators
          .filter((one) => !one.isRunning && !toldToEnd.has(one))
          .map((coordinator) => coordinator.log());
        await close();
        expect(ended, 'coordinators that ended by themselves').to.deep.equal([]);
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
};

/** What must hold of nearly every fault: nobody was told that somebody had left, and nobody was sent away. */
export const expectUnharmed = (mesh: Mesh, ...kinds: readonly Sighting['kind'][]): void => {
  for (const kind of new Set([...kinds, 'disconnected' as const])) {
    expect(mesh.told(kind), `told ${kind}`).to.deep.equal([]);
  }
  expect(mesh.ends(), 'connections that ended').to.deep.equal([]);
};

/**
 * Milliseconds before which no coordinator is unhealthy, because three heartbeats in a row have to fail. A machine that
 * is busy may take longer to start a server again.
 */
const bearable = 4_000;

/** What must hold of a database that was away for so many milliseconds: nobody is called lost if that is a moment. */
export const expectBorne = (mesh: Mesh, outage: number): void => {
  if (outage < bearable) expectUnharmed(mesh, 'lost');
  else expectNotSentAway(mesh, outage);
  expect(mesh.told('disconnected')).to.deep.equal([]);
};

/** Nobody is sent away, unless the database was away for longer than a moment. */
export const expectNotSentAway = (mesh: Mesh, outage: number): void => {
  const ends = new Set(mesh.ends().map((text) => text.split(': ')[1]));
  if (outage >= bearable) ends.delete('1013 coordinator unhealthy');
  expect([...ends]).to.deep.equal([]);
};
