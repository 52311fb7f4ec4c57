import { take } from 'rxjs';
import type { Store } from '../../src/db/store.js';
import { channels } from '../../src/db/bus.js';
import { requests } from '../../src/proto/requests.js';
import type { Link } from './link.js';
import { canDecode, expectedSight, sharesTunnel } from './expected.js';
import { coordinatorNameOf } from './names.js';
import type { Plan } from './plan.js';
import type { World } from './world.js';

/** What connected peers see, compared with what the rows say. */
export const checkSights = (world: World): void => {
  const rows = world.database.rows.backup();
  const live = world.liveIds();
  for (const { link } of world.peers) {
    if (link === undefined) continue;
    const viewer = { id: world.idOf(link.peer), here: link.site.coordinator.id, live };
    for (const other of world.peers.keys()) {
      if (other === link.peer) continue;
      const expected = expectedSight(rows, viewer, world.idOf(other));
      const known = link.witness.known.get(other);
      const isRight =
        expected.kind === 'there'
          ? expected.derp === undefined || (known?.kind === 'there' && known.derp === expected.derp)
          : expected.kind === 'lost'
            ? known?.kind !== 'there'
            : known === undefined || known.kind === 'gone';
      if (isRight) continue;
      world.judge.complain(
        'sees what the tables say',
        `peer ${link.peer} sees ${inWords(known)} of peer ${other}; the rows say ${inWords(expected)}`,
      );
    }
  }
};

const inWords = (sight: { readonly kind: string; readonly derp?: number | undefined } | undefined): string =>
  sight === undefined
    ? 'nothing'
    : sight.kind === 'there'
      ? `its node with derp ${sight.derp}`
      : `that it is ${sight.kind}`;

/** The rows, compared with what peers said. */
export const checkTables = (world: World): void => {
  const { truth, database, peers, refused } = world;
  for (const complaint of truth.complaints(database.rows.backup(), world.liveIds(), peers.length, refused)) {
    world.judge.complain('tables hold what was said', complaint);
  }
};

export const checkCoordinators = (world: World): void => {
  const live = [...world.liveIds()].sort();
  for (const { coordinator, index } of world.sites) {
    coordinator.coordinators$.pipe(take(1)).subscribe((ids) => {
      if (ids.join() !== live.join())
        world.judge.complain(
          'agreed on who is live',
          `c${index} knows ${ids.map(coordinatorNameOf).join(', ')}; live are ${live.map(coordinatorNameOf).join(', ')}`,
        );
    });
    coordinator.health$.pipe(take(1)).subscribe((health) => {
      if (health !== 'healthy') world.judge.complain('agreed on who is live', `c${index} is ${health}`);
    });
  }
};

/** Milliseconds in which so many acknowledgements have arrived: they go out one batch after the other. */
const arrival = (count: number, { batch, latency }: Pick<Plan, 'batch' | 'latency'>): number =>
  1_000 + 2 * latency * (1 + Math.ceil(count / batch));

/**
 * Every connected peer is ready for a handshake with all others. Those that it shares a tunnel with must hear of it, and
 * nobody else; for the others it is told so, once for each.
 */
export const checkAcknowledgements = (world: World): void => {
  const rows = world.database.rows.backup();
  const isShared = (peer: number, other: number): boolean => sharesTunnel(rows, world.idOf(peer), world.idOf(other));
  // Whoever has never said anything is not there for others.
  const hasRow = (peer: number): boolean => rows.peers.some(({ peerId }) => peerId === world.idOf(peer));
  const isReadable = (peer: number): boolean =>
    rows.peers.every((row) => row.peerId !== world.idOf(peer) || canDecode(row));
  const present = world.peers.flatMap(({ link }) => (link !== undefined && isReadable(link.peer) ? [link] : []));
  const expected = present.flatMap((from) =>
    present
      .filter((to) => to !== from)
      .map((to) => ({ from, to, isShared: hasRow(to.peer) && isShared(from.peer, to.peer) })),
  );
  const { authTime } = world;
  world.authTime = 0;
  for (const { witness } of present) {
    witness.acknowledgements.clear();
    witness.warnings = 0;
  }
  for (const { from, to, isShared } of expected) {
    if (isShared) world.judge.acknowledged(from.peer, to.peer);
    world.send(from.peer, requests.readyForHandshake(world.idOf(to.peer)));
  }
  world.pass(arrival(expected.length, world.plan));
  world.authTime = authTime;
  for (const { from, to, isShared } of expected) {
    const isTold = to.witness.acknowledgements.has(from.peer);
    if (isTold !== isShared)
      world.judge.complain(
        'acknowledgements arrive',
        `peer ${to.peer} was ${isTold ? '' : 'not '}told that peer ${from.peer} is ready, and they share ${isShared ? 'a' : 'no'} tunnel`,
      );
  }
  for (const from of present)
    checkWarnings(world, from, expected.filter((pair) => pair.from === from && !pair.isShared).length);
};

const checkWarnings = (world: World, { peer, witness }: Link, expected: number): void => {
  if (witness.warnings !== expected)
    world.judge.complain(
      'acknowledgements arrive',
      `peer ${peer} was told ${witness.warnings} times that it shares no tunnel, instead of ${expected} times`,
    );
};

/** Reads that only somebody's interest in a peer can cause. */
const readsOfInterest: readonly (keyof Store)[] = ['readBindings', 'readPairs', 'readNeighbours'];

/** Milliseconds after which nobody remembers anything of a peer that has left. */
const forgetting = 65_000;

/** When everybody has left, whatever is announced costs nobody a statement: no interest has leaked. */
export const checkNoInterest = (world: World): void => {
  for (const { link } of world.peers) if (link !== undefined) world.drop(link);
  world.pass(forgetting);
  const reads = (): number => readsOfInterest.reduce((sum, method) => sum + (world.counts.get(method) ?? 0), 0);
  const before = reads();
  const ids = [...world.peers.keys()].map((peer) => world.idOf(peer));
  const { bus } = world.database;
  bus.publish(channels.peer, ids).subscribe();
  bus
    .publish(
      channels.tunnel,
      ids.flatMap((src) => ids.map((dst) => `${src},${dst}`)),
    )
    .subscribe();
  world.pass(3_000);
  if (reads() > before)
    world.judge.complain('nothing left', `${reads() - before} reads for hints that nobody is connected to hear of`);
};
