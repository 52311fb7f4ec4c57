import type { Uuid } from '../../src/db/store.js';
import type { Sighting } from '../../src/testing/index.js';

/**
 * - `here`: connected, or trying to be.
 * - `away`: its connection broke off, and it may come back.
 * - `leaving`: it has said goodbye, and nobody knows yet whether that was taken.
 * - `left`: the goodbye was taken.
 */
export type Standing = 'here' | 'away' | 'leaving' | 'left';

/** What is true, going by nothing but what peers did and what was done to the rows by hand. Times are milliseconds. */
export interface SoakOracle {
  came(id: Uuid): void;
  wentAway(id: Uuid): void;
  saysGoodbye(id: Uuid, at: number): void;
  left(id: Uuid, place: string, at: number): void;
  published(id: Uuid, derp: number): void;
  opened(src: Uuid, dst: Uuid): void;
  closed(src: Uuid, dst: Uuid, at: number): void;
  /** Somebody deleted rows of these peers, or of tunnels from them. */
  rowsDeleted(ids: readonly Uuid[], at: number): void;
  /** A coordinator, by the place given to `left`, ended: a goodbye that it has just taken may be lost. */
  ended(place: string, at: number): void;
  standingOf(id: Uuid): Standing;
  tunnelsOf(src: Uuid): ReadonlySet<Uuid>;
  /** Whether the two can see each other, or nobody can tell. */
  relation(a: Uuid, b: Uuid, at: number): 'shared' | 'apart' | 'doubtful';
  /** What is wrong with what a peer that is here was last told of another over its connection; undefined if nothing is. */
  complaint(viewer: Uuid, other: Uuid, seen: Sighting | undefined, at: number): string | undefined;
  /** Whether there was a reason shortly before to tell a peer that another one is disconnected. */
  mayBeToldGone(viewer: Uuid, other: Uuid, at: number): boolean;
}

/** A reason is heard of within this time: a fault, what follows from it, and the calm. */
const latest = 60_000;

/** A goodbye that was taken is written, or never will be, after this. */
const underWay = 10_000;

/** Rows of a coordinator that ended are cleaned up by then, and with them what a lost goodbye left behind. */
const cleanedUp = 150_000;

interface Member {
  standing: Standing;
  derp: number | undefined;
  readonly tunnels: Set<Uuid>;
}

interface Goodbye {
  readonly id: Uuid;
  readonly place: string;
  readonly tunnels: readonly Uuid[];
  readonly at: number;
}

export const soakOracle = (): SoakOracle => {
  const members = new Map<Uuid, Member>();
  const reasons = new Map<string, number>();
  /** Until when nobody can tell about a peer that left, `id`, or about a tunnel that it had, `a,b`. */
  const doubts = new Map<string, number>();
  let goodbyes: Goodbye[] = [];

  const member = (id: Uuid): Member => {
    const found = members.get(id) ?? { standing: 'left', derp: undefined, tunnels: new Set<Uuid>() };
    members.set(id, found);
    return found;
  };
  const pair = (a: Uuid, b: Uuid): string => [a, b].sort().join();
  const isDoubtful = (key: string, at: number): boolean => at < (doubts.get(key) ?? -Infinity);

  const relation: SoakOracle['relation'] = (a, b, at) => {
    if (member(a).tunnels.has(b) || member(b).tunnels.has(a)) return 'shared';
    return doubts.size > 0 && isDoubtful(pair(a, b), at) ? 'doubtful' : 'apart';
  };

  /** What may have been told last, in words; empty if that is right. */
  const wrong = (other: Uuid, seen: Sighting | undefined, isShared: boolean, at: number): string => {
    const { standing, derp } = member(other);
    const isOut = seen === undefined || seen.kind === 'disconnected';
    if (!isShared) return isOut ? '' : 'nothing, or that it is gone: they share no tunnel';
    switch (standing) {
      case 'leaving':
        return '';
      case 'left':
        return isOut || (seen.kind === 'lost' && isDoubtful(other, at)) ? '' : 'nothing, or that it is gone: it left';
      case 'away':
        // Who did not know it before is told nothing of it.
        return isOut || seen.kind === 'lost' ? '' : 'nothing, or that it is lost';
      case 'here':
        if (derp === undefined) return isOut ? '' : 'nothing: it has published no node';
        return seen?.kind === 'node' && seen.derp === derp ? '' : `that it is there at derp ${derp}`;
    }
  };

  return {
    came: (id) => {
      member(id).standing = 'here';
    },
    wentAway: (id) => {
      member(id).standing = 'away';
    },
    saysGoodbye: (id, at) => {
      member(id).standing = 'leaving';
      reasons.set(id, at);
    },
    left: (id, place, at) => {
      const gone = member(id);
      goodbyes = [
        ...goodbyes.filter((goodbye) => at - goodbye.at < underWay),
        { id, place, tunnels: [...gone.tunnels], at },
      ];
      Object.assign(gone, { standing: 'left', derp: undefined });
      gone.tunnels.clear();
      reasons.set(id, at);
    },
    published: (id, derp) => {
      member(id).derp = derp;
      doubts.delete(id);
    },
    opened: (src, dst) => {
      member(src).tunnels.add(dst);
    },
    closed: (src, dst, at) => {
      member(src).tunnels.delete(dst);
      reasons.set(pair(src, dst), at);
    },
    rowsDeleted: (ids, at) => {
      for (const id of ids) reasons.set(`rows of ${id}`, at);
    },
    ended: (place, at) => {
      for (const goodbye of goodbyes) {
        if (at - goodbye.at >= underWay || place !== goodbye.place) continue;
        doubts.set(goodbye.id, at + cleanedUp);
        for (const other of goodbye.tunnels) doubts.set(pair(goodbye.id, other), at + cleanedUp);
      }
    },
    standingOf: (id) => member(id).standing,
    tunnelsOf: (src) => member(src).tunnels,
    relation,
    complaint: (viewer, other, seen, at) => {
      const state = relation(viewer, other, at);
      const wanted = wrong(other, seen, state !== 'apart', at);
      if (wanted === '' || (state === 'doubtful' && wrong(other, seen, false, at) === '')) return undefined;
      return `was last told ${seen === undefined ? 'nothing' : JSON.stringify(seen)} and not ${wanted}`;
    },
    mayBeToldGone: (viewer, other, at) =>
      [other, pair(viewer, other), `rows of ${viewer}`, `rows of ${other}`].some(
        (key) => at - (reasons.get(key) ?? -Infinity) < latest,
      ) || isDoubtful(pair(viewer, other), at),
  };
};
