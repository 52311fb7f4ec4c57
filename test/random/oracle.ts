import type { Uuid } from '../../src/db/store.js';
import type { Sighting } from '../../src/testing/index.js';

/** One connection of a peer, going by nothing but what the peer did with it. */
export interface Session {
  readonly peerId: Uuid;
  readonly coordinatorId: Uuid;
  /** What it last published; undefined before, and when a later goodbye, here or elsewhere, took it back. */
  node: { readonly derp: number } | undefined;
  /** When it published it. */
  saidAt: number;
}

/** What is true after all that was said, whoever heard it and wherever. */
export interface Oracle {
  /** Opens a connection. One at the same coordinator is replaced, and its node stands. */
  connected(peerId: Uuid, coordinatorId: Uuid, at: number): Session;
  updated(session: Session, derp: number, at: number): void;
  /** Ends a connection without a goodbye. */
  lost(session: Session): void;
  saidGoodbye(session: Session, at: number): void;
  addedTunnel(session: Session, dst: Uuid, at: number): void;
  removedTunnel(session: Session, dst: Uuid, at: number): void;
  /** A coordinator ended, and with it its memory of what was withdrawn there but could not be removed elsewhere yet. */
  coordinatorEnded(coordinatorId: Uuid, at: number): void;
  /** What is wrong with what a connected peer was last told about another one; undefined if nothing is. */
  complaint(viewer: Uuid, other: Uuid, seen: Sighting | undefined): string | undefined;
  /** Whether there was a reason, since this time or shortly before, to tell a peer that another one is disconnected. */
  mayHaveSeenGo(viewer: Uuid, other: Uuid, since: number): boolean;
  tunnelsOf(src: Uuid): ReadonlySet<Uuid>;
}

/** Milliseconds for which a coordinator remembers what it could not remove yet. */
const memory = 61_000;

/**
 * Milliseconds within which something may still be on its way to the database. A node that was said at one coordinator
 * just before a goodbye at another may be written after it, and then looks as if the peer lived there.
 */
const onItsWay = 3_000;

/** Milliseconds after which everybody has noticed that a peer, or a coordinator, is gone. */
const noticed = 10_000;

type Standing = { readonly kind: 'there'; readonly derp: number } | { readonly kind: 'lost' | 'gone' };

interface Withdrawal {
  readonly at: number;
  readonly coordinatorId: Uuid;
}

export const createOracle = (): Oracle => {
  const sessions = new Set<Session>();
  /** Peers that have said something since their last goodbye. */
  const present = new Set<Uuid>();
  const edges = new Map<Uuid, Set<Uuid>>();
  /** By peer, or by `src,dst`. */
  const withdrawals = new Map<string, Withdrawal>();
  /** Withdrawals that may not have reached everything, because whoever took them ended, or the peer came back too soon. */
  const uncertain = new Set<string>();
  /** By peer: what it took back, and when. */
  const recent = new Map<Uuid, Map<string, number>>();
  /** By peer: when it last published something over a connection that ended since. */
  const lastWords = new Map<Uuid, number>();

  const edge = (src: Uuid, dst: Uuid): string => `${src},${dst}`;
  const sessionsOf = (peerId: Uuid): readonly Session[] => [...sessions].filter((session) => session.peerId === peerId);

  const withdraw = (peerId: Uuid, key: string, withdrawal: Withdrawal): void => {
    uncertain.delete(key);
    withdrawals.set(key, withdrawal);
    const isHasty = [
      lastWords.get(peerId) ?? -Infinity,
      ...sessionsOf(peerId)
        .filter(({ coordinatorId }) => coordinatorId !== withdrawal.coordinatorId)
        .map(({ saidAt }) => saidAt),
    ].some((saidAt) => withdrawal.at - saidAt < onItsWay);
    if (isHasty) uncertain.add(key);
    recent.set(peerId, (recent.get(peerId) ?? new Map<string, number>()).set(key, withdrawal.at));
  };

  const tunnelsOf = (src: Uuid): Set<Uuid> => {
    const found = edges.get(src) ?? new Set();
    edges.set(src, found);
    return found;
  };

  const standingOf = (peerId: Uuid): Standing => {
    const [newest] = sessionsOf(peerId)
      .flatMap(({ node }) => node ?? [])
      .sort((a, b) => b.derp - a.derp);
    if (newest !== undefined) return { kind: 'there', derp: newest.derp };
    return { kind: present.has(peerId) ? 'lost' : 'gone' };
  };

  return {
    connected: (peerId, coordinatorId, at) => {
      const older = [...sessions].find(
        (session) => session.peerId === peerId && session.coordinatorId === coordinatorId,
      );
      if (older !== undefined) sessions.delete(older);
      // While another coordinator has not noticed yet that the peer had gone from there, nobody can tell what it wants.
      for (const [key, withdrawnAt] of recent.get(peerId) ?? []) if (at - withdrawnAt < noticed) uncertain.add(key);
      const session = { peerId, coordinatorId, node: older?.node, saidAt: older?.saidAt ?? -Infinity };
      sessions.add(session);
      return session;
    },
    updated: (session, derp, at) => {
      session.saidAt = at;
      session.node = { derp };
      present.add(session.peerId);
      uncertain.delete(session.peerId);
    },
    lost: (session) => {
      sessions.delete(session);
      const { peerId, saidAt } = session;
      lastWords.set(peerId, Math.max(saidAt, lastWords.get(peerId) ?? -Infinity));
    },
    saidGoodbye: ({ peerId, coordinatorId }, at) => {
      for (const session of sessions) {
        if (session.peerId !== peerId) continue;
        session.node = undefined;
        if (session.coordinatorId === coordinatorId) sessions.delete(session);
      }
      present.delete(peerId);
      withdraw(peerId, peerId, { at, coordinatorId });
      for (const dst of tunnelsOf(peerId)) withdraw(peerId, edge(peerId, dst), { at, coordinatorId });
      tunnelsOf(peerId).clear();
    },
    addedTunnel: ({ peerId }, dst, at) => {
      tunnelsOf(peerId).add(dst);
      const key = edge(peerId, dst);
      const goodbye = withdrawals.get(peerId);
      if (goodbye === undefined || at - goodbye.at >= onItsWay) {
        uncertain.delete(key);
        return;
      }
      // A goodbye that is still on its way may find the tunnel, and nothing yet that says that the peer is there again:
      // then it takes the tunnel along, until the peer's coordinator finds it missing.
      withdrawals.set(key, goodbye);
      uncertain.add(key);
    },
    removedTunnel: ({ peerId, coordinatorId }, dst, at) => {
      tunnelsOf(peerId).delete(dst);
      withdraw(peerId, edge(peerId, dst), { at, coordinatorId });
    },
    coordinatorEnded: (coordinatorId, at) => {
      for (const [key, withdrawal] of withdrawals) {
        if (withdrawal.coordinatorId === coordinatorId && at - withdrawal.at < memory) uncertain.add(key);
      }
    },
    complaint: (viewer, other, seen) => {
      const standing = standingOf(other);
      const shared = tunnelsOf(viewer).has(other) || tunnelsOf(other).has(viewer);
      const isRight = (isShared: boolean, kind: Standing['kind']): boolean => {
        // Who did not know a lost peer before is told nothing of it.
        const isOut = seen === undefined || seen.kind === 'disconnected';
        if (!isShared || kind === 'gone') return isOut;
        if (kind === 'lost') return isOut || seen.kind === 'lost';
        return standing.kind === 'there' && seen?.kind === 'node' && seen.derp === standing.derp;
      };
      const possible = (isUncertain(viewer, other) ? [true, false] : [shared]).some(
        (isShared) =>
          isRight(isShared, standing.kind) ||
          (standing.kind === 'gone' && uncertain.has(other) && isRight(isShared, 'lost')),
      );
      if (possible) return undefined;
      const truth = shared ? JSON.stringify(standing) : `${JSON.stringify(standing)}, but there is no tunnel`;
      return `was last told ${seen === undefined ? 'nothing' : JSON.stringify(seen)}; the truth is ${truth}`;
    },
    mayHaveSeenGo: (viewer, other, since) =>
      [other, edge(viewer, other), edge(other, viewer)].some(
        (key) => (withdrawals.get(key)?.at ?? -Infinity) > since - memory,
      ),
    tunnelsOf,
  };

  function isUncertain(a: Uuid, b: Uuid): boolean {
    return uncertain.has(edge(a, b)) || uncertain.has(edge(b, a));
  }
};
