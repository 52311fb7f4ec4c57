import { BehaviorSubject, Subject, type SchedulerLike } from 'rxjs';
import type { Coordinator } from '../../src/api.js';
import { createCoordinator } from '../../src/coordinator.js';
import type { Uuid } from '../../src/db/store.js';
import type { Tuning } from '../../src/options.js';
import type { CoordinateRequest } from '../../src/proto/gen/tailnet.js';
import { requests } from '../../src/proto/requests.js';
import { aNode, type FaultyDatabase } from '../../src/testing/index.js';
import { sightings, type Sightings } from '../../src/testing/sightings.js';
import { createOracle, type Session } from './oracle.js';

/** What a world is made of. */
export interface WorldOptions {
  /** A wire of its own for each coordinator. */
  readonly connect: () => FaultyDatabase;
  readonly scheduler: SchedulerLike;
  readonly tuning: Partial<Tuning>;
  readonly random: () => number;
}

/** A place where a coordinator runs; when it ends, another one starts. */
export interface Site {
  coordinator: Coordinator;
  wire: FaultyDatabase;
}

/** A connection that is open, as the peer and as the oracle see it. */
export interface Link {
  readonly session: Session;
  readonly site: Site;
  readonly coordinator: Coordinator;
  readonly seen: Sightings;
  readonly since: number;
  readonly requests$: Subject<CoordinateRequest>;
  readonly ready$: BehaviorSubject<boolean>;
  /** Lets it go without a word. */
  readonly cut: () => void;
  /** Whether it was ended by the coordinator or by itself. */
  isOver: boolean;
}

/** Coordinators, peers, and what is true: whatever is done here is done to both. */
export type World = ReturnType<typeof createWorld>;

export const createWorld = ({ connect, scheduler, tuning, random }: WorldOptions) => {
  const oracle = createOracle();
  /** The newest connection of each peer. */
  const links = new Map<Uuid, Link>();
  /** Connections whose peers have moved on, and whose coordinators have not noticed. */
  const halfOpen = new Set<Link>();
  const ended: Promise<void>[] = [];
  const log: string[] = [];
  const unexpected: string[] = [];
  let derps = 0;

  const start = (wire = connect()): Site => ({
    wire,
    coordinator: createCoordinator({ database: wire, scheduler, tuning, random }),
  });
  const sites: readonly Site[] = [start(), start(), start()];

  const nameSite = (site: Site): string => `c${String(sites.indexOf(site) + 1)}`;
  const note = (text: string): void => void log.push(`${String(Math.round(scheduler.now()))} ${text}`);
  const nameOfPeer = (peerId: Uuid): string => `p${String(Number(peerId.slice(-4)))}`;

  const forget = (link: Link): void => {
    link.isOver = true;
    link.cut();
    halfOpen.delete(link);
    if (links.get(link.session.peerId) === link) links.delete(link.session.peerId);
  };

  const connectPeer = (peerId: Uuid, site: Site): Link => {
    const older = links.get(peerId);
    note(`${nameOfPeer(peerId)} connects to ${nameSite(site)}`);
    const requests$ = new Subject<CoordinateRequest>();
    const ready$ = new BehaviorSubject(true);
    const seen = sightings();
    if (older !== undefined) {
      if (older.coordinator === site.coordinator) older.isOver = true;
      else halfOpen.add(older);
    }
    const subscription = site.coordinator.coordinate$(peerId, requests$, { ready$ }).subscribe({
      next: (response) => {
        seen.add(response);
      },
      complete: () => {
        if (!link.isOver) unexpected.push(`${nameOfPeer(peerId)} was ended: ${seen.errors.join() || 'no error'}`);
      },
    });
    const link: Link = {
      session: oracle.connected(peerId, site.coordinator.id, scheduler.now()),
      ...{ site, coordinator: site.coordinator, seen, since: scheduler.now(), requests$, ready$ },
      cut: () => {
        subscription.unsubscribe();
      },
      isOver: false,
    };
    links.set(peerId, link);
    return link;
  };

  const endSite = (site: Site, how: 'is closed' | 'is killed'): void => {
    note(`${nameSite(site)} ${how}`);
    const { coordinator, wire } = site;
    for (const link of [...links.values(), ...halfOpen]) {
      if (link.coordinator !== coordinator) continue;
      link.isOver = true;
      oracle.lost(link.session);
      // What is killed tells nobody anything any more.
      if (how === 'is killed') link.cut();
      forget(link);
    }
    if (how === 'is killed') wire.faults.goAway();
    oracle.coordinatorEnded(coordinator.id, scheduler.now());
    ended.push(coordinator.close());
    Object.assign(site, start());
  };

  return {
    oracle,
    sites,
    log,
    unexpected,
    ended,
    halfOpen,
    links: (): readonly Link[] => [...links.values()],
    linkOf: (peerId: Uuid): Link | undefined => links.get(peerId),
    nameOfPeer,
    note,
    connect: connectPeer,
    update: ({ session, requests$ }: Link): void => {
      derps += 1;
      note(`${nameOfPeer(session.peerId)} says derp ${String(derps)}`);
      oracle.updated(session, derps, scheduler.now());
      requests$.next(requests.updateSelf(aNode({ of: session.peerId, derp: derps })));
    },
    addTunnel: ({ session, requests$ }: Link, dst: Uuid): void => {
      note(`${nameOfPeer(session.peerId)} opens a tunnel to ${nameOfPeer(dst)}`);
      oracle.addedTunnel(session, dst, scheduler.now());
      requests$.next(requests.addTunnel(dst));
    },
    removeTunnel: ({ session, requests$ }: Link, dst: Uuid): void => {
      note(`${nameOfPeer(session.peerId)} closes its tunnel to ${nameOfPeer(dst)}`);
      oracle.removedTunnel(session, dst, scheduler.now());
      requests$.next(requests.removeTunnel(dst));
    },
    sayGoodbye: (link: Link): void => {
      note(`${nameOfPeer(link.session.peerId)} says goodbye`);
      oracle.saidGoodbye(link.session, scheduler.now());
      link.isOver = true;
      link.requests$.next(requests.disconnect());
      forget(link);
    },
    drop: (link: Link): void => {
      note(`${nameOfPeer(link.session.peerId)} drops its connection to ${nameSite(link.site)}`);
      oracle.lost(link.session);
      forget(link);
    },
    close: (site: Site): void => {
      endSite(site, 'is closed');
    },
    kill: (site: Site): void => {
      endSite(site, 'is killed');
    },
    /** What is wrong with what connected peers have been told. */
    complaints: (peers: readonly Uuid[]): readonly string[] => [
      ...unexpected,
      ...[...links.values()].flatMap(({ session: { peerId }, seen, since }) =>
        peers.flatMap((other) => {
          if (other === peerId) return [];
          const complaint = oracle.complaint(peerId, other, seen.of(other));
          const torn = seen.historyOf(other).some(({ kind }) => kind === 'disconnected');
          return [
            ...(complaint === undefined ? [] : [`about ${nameOfPeer(other)}, ${nameOfPeer(peerId)} ${complaint}`]),
            ...(torn && !oracle.mayHaveSeenGo(peerId, other, since)
              ? [`${nameOfPeer(peerId)} was told for no reason that ${nameOfPeer(other)} is disconnected`]
              : []),
          ];
        }),
      ),
    ],
    /** Ends everything that still runs. */
    end: async (): Promise<void> => {
      for (const link of [...links.values(), ...halfOpen]) {
        link.isOver = true;
        link.cut();
      }
      await Promise.all([...ended, ...sites.map(({ coordinator }) => coordinator.close())]);
    },
  };
};
