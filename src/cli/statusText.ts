import type { Status } from './readStatus.js';
import { table } from './table.js';

/** Lines and columns of a terminal. */
export interface Screen {
  readonly rows: number;
  readonly columns: number;
}

type Row = readonly string[];

interface Section {
  readonly heading: string;
  readonly titles: Row;
  readonly rows: readonly Row[];
}

/**
 * The status for people: three tables, each under a heading that counts. A peer, or a
 * tunnel, counts once, wherever it was seen: a peer as ok if it is so at any coordinator, and at the one that wrote last.
 *
 * @param screen what it must fit into: longer lines are cut, and of each table is shown what there is room for, lost
 * peers first. By default everything is
 */
export function statusText(status: Status, screen?: Screen): string {
  const sections = [coordinatorsOf(status), peersOf(status, screen !== undefined), tunnelsOf(status)];
  if (screen === undefined) return sections.map((section) => sectionText(section, Infinity)).join('\n\n');
  // Each has a heading, titles, and an empty line below; the last of those is for the cursor.
  const room = screen.rows - 3 * sections.length;
  const shares = fairShares(
    sections.map(({ rows }) => rows.length),
    room,
  );
  return sections
    .map((section, index) => sectionText(section, shares[index] ?? 1))
    .join('\n\n')
    .split('\n')
    .map((line) => (line.length <= screen.columns ? line : `${line.slice(0, screen.columns - 1)}…`))
    .join('\n');
}

function coordinatorsOf({ coordinators, peers }: Status): Section {
  const counts = new Map<string, number>();
  const count = (id: string, status: Peer['status']) => counts.get(`${id} ${status}`) ?? 0;
  for (const { coordinatorId, status } of homesOf(peers).values()) {
    counts.set(`${coordinatorId} ${status}`, count(coordinatorId, status) + 1);
  }
  const live = coordinators.filter((coordinator) => coordinator.live).length;
  return {
    heading: heading(coordinators.length, 'coordinator', { live, silent: coordinators.length - live }),
    titles: ['COORDINATOR', 'STATE', 'HEARTBEAT', 'OK', 'LOST'],
    rows: coordinators.map((coordinator) => [
      coordinator.id,
      coordinator.live ? 'live' : 'silent',
      ago(coordinator.heartbeatAge),
      String(count(coordinator.id, 'ok')),
      String(count(coordinator.id, 'lost')),
    ]),
  };
}

/** @param lostFirst whether peers that are lost everywhere come before all others */
function peersOf({ peers }: Status, lostFirst: boolean): Section {
  const homes = homesOf(peers);
  const isLost = ({ id }: Peer) => homes.get(id)?.status === 'lost';
  const lost = [...homes.values()].filter(isLost).length;
  const ordered = lostFirst ? [...peers.filter(isLost), ...peers.filter((peer) => !isLost(peer))] : peers;
  return {
    heading: heading(homes.size, 'peer', { ok: homes.size - lost, lost }),
    titles: ['PEER', 'STATUS', 'COORDINATOR', 'WRITTEN'],
    rows: ordered.map(({ id, status, coordinatorId, writeAge }) => [id, status, coordinatorId, ago(writeAge)]),
  };
}

function tunnelsOf({ tunnels }: Status): Section {
  return {
    heading: heading(new Set(tunnels.map(({ src, dst }) => `${src} ${dst}`)).size, 'tunnel', {}),
    titles: ['FROM', 'TO', 'COORDINATOR', 'WRITTEN'],
    rows: tunnels.map(({ src, dst, coordinatorId, writeAge }) => [src, dst, coordinatorId, ago(writeAge)]),
  };
}

type Peer = Status['peers'][number];

/** What counts of each peer: that it is ok somewhere, or else what was written last. */
function homesOf(peers: readonly Peer[]): ReadonlyMap<string, Peer> {
  const homes = new Map<string, Peer>();
  for (const peer of peers) {
    const home = homes.get(peer.id);
    const isBetter =
      home === undefined || (peer.status === home.status ? peer.writeAge < home.writeAge : peer.status === 'ok');
    if (isBetter) homes.set(peer.id, peer);
  }
  return homes;
}

/** `3 peers: 2 ok, 1 lost`. */
function heading(count: number, name: string, kinds: Readonly<Record<string, number>>): string {
  if (count === 0) return `no ${name}s`;
  const counted = Object.entries(kinds).flatMap(([kind, number]) =>
    number === 0 ? [] : [`${String(number)} ${kind}`],
  );
  return `${String(count)} ${name}${count === 1 ? '' : 's'}${counted.length === 0 ? '' : `: ${counted.join(', ')}`}`;
}

/** @param most so many lines for its rows */
function sectionText({ heading: first, titles, rows }: Section, most: number): string {
  if (rows.length === 0) return first;
  const shown = rows.length <= most ? rows : rows.slice(0, most - 1);
  const more = rows.length === shown.length ? '' : `\n… and ${String(rows.length - shown.length)} more`;
  return `${first}\n${table(titles, shown)}${more}`;
}

/** Divides a room: who wants less than an equal share leaves the rest to the others; everybody gets one at least. */
function fairShares(wanted: readonly number[], room: number): readonly number[] {
  const shares: number[] = [];
  let left = room;
  const modestFirst = [...wanted.entries()].sort(([, one], [, other]) => one - other);
  for (const [place, [index, want]] of modestFirst.entries()) {
    const share = Math.max(1, Math.min(want, Math.floor(left / (wanted.length - place))));
    shares[index] = share;
    left -= share;
  }
  return shares;
}

/** An age in milliseconds as `1.5 s ago`, `12 min ago`, … */
function ago(age: number): string {
  const units: readonly [number, string][] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
  ];
  for (const [size, unit] of units) if (age >= 2 * size) return `${Math.floor(age / size)} ${unit} ago`;
  // Another server's clock may be ahead of this transaction's time by a moment.
  return `${(Math.max(0, age) / 1000).toFixed(1)} s ago`;
}
