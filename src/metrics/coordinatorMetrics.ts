import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type Observable, take } from 'rxjs';
import type { Uuid } from '../db/store.js';
import type { HeardHint, Holdings, ObservedCoordinator, Telemetry } from '../telemetry.js';
import { secondsBuckets } from './buckets.js';
import { Tally } from './tally.js';

const healths = ['starting', 'healthy', 'unhealthy', 'closing', 'closed'] as const;

const hintKinds = ['heartbeat', 'binding', 'peer', 'tunnel', 'ready'] as const;

/** How a coordinator is, how much it holds, and what it knows of the others. */
export function coordinatorMetrics(
  registry: Registry,
  now: () => number,
): Pick<Telemetry, 'started' | 'heartbeatBegun' | 'heartbeatEnded' | 'hintHeard' | 'resynced'> {
  const registers = [registry];
  let coordinator: ObservedCoordinator | undefined;
  let gaps = 0;
  /** After a gap, until the resync that it asks for is over. Each channel tells of the same gap: it counts once. */
  let isOutOfSync = false;
  let lost = 0;
  /** When each of the other live coordinators was heard last, or came to be known as live: milliseconds. */
  const heardAt = new Map<Uuid, number>();
  /** When the own heartbeat that is to be heard next began to be written. */
  let beatAt: number | undefined;

  holdingsMetrics(registry, () => coordinator);

  new Gauge({
    name: 'tailnet_coordinator_info',
    help: 'Always 1; says which coordinator this is.',
    labelNames: ['coordinator_id'],
    registers,
    collect() {
      this.reset();
      if (coordinator !== undefined) this.set({ coordinator_id: coordinator.id }, 1);
    },
  });
  new Gauge({
    name: 'tailnet_health',
    help: '1 for the state that the coordinator is in, 0 for all others.',
    labelNames: ['state'],
    registers,
    collect() {
      const current = coordinator === undefined ? 'starting' : (latest(coordinator.health$) ?? 'closed');
      for (const state of healths) this.set({ state }, state === current ? 1 : 0);
    },
  });
  new Gauge({
    name: 'tailnet_coordinators_live',
    help: 'Live coordinators, as this one sees it, itself included.',
    registers,
    collect() {
      this.set(coordinator === undefined ? 0 : heardAt.size + 1);
    },
  });
  new Gauge({
    name: 'tailnet_coordinators_unheard',
    help: 'Live coordinators that write heartbeats and are not heard here: that use another bus, or are cut off from it.',
    registers,
    collect() {
      this.set(coordinator?.unheard ?? 0);
    },
  });
  new Counter({
    name: 'tailnet_coordinators_lost_total',
    help: 'How often another coordinator fell silent, as this one sees it, those that were closed included.',
    registers,
    collect() {
      this.reset();
      this.inc(lost);
    },
  });
  new Gauge({
    name: 'tailnet_coordinator_heartbeat_age_seconds',
    help: 'How long ago a heartbeat of each other live coordinator was heard.',
    labelNames: ['coordinator_id'],
    registers,
    collect() {
      this.reset();
      for (const [id, at] of heardAt) this.set({ coordinator_id: id }, (now() - at) / 1000);
    },
  });
  const heartbeats = new Tally({
    name: 'tailnet_heartbeats_total',
    help: 'Heartbeats of this coordinator, by whether they were written in time.',
    registry,
    labels: [['result', ['written', 'failed']]],
  });
  const roundTrips = new Histogram({
    name: 'tailnet_listen_round_trip_seconds',
    help: 'From when an own heartbeat began to be written until its notification was heard.',
    buckets: [...secondsBuckets],
    registers,
  });
  const hints = new Tally({
    name: 'tailnet_hints_total',
    help: 'Notifications heard, by what they are about; one with rows (binding) counts once for each row.',
    registry,
    labels: [['kind', hintKinds]],
  });
  new Counter({
    name: 'tailnet_gaps_total',
    help: 'How often notifications may have been missed; the first time is when the coordinator begins to listen.',
    registers,
    collect() {
      this.reset();
      this.inc(gaps);
    },
  });
  const resyncs = new Histogram({
    name: 'tailnet_resync_duration_seconds',
    help: 'How long it took to ask again, after a gap, for all that is of interest here.',
    buckets: [...secondsBuckets],
    registers,
  });

  const nowLive = (live: ReadonlySet<Uuid>): void => {
    for (const id of heardAt.keys()) {
      if (live.has(id)) continue;
      heardAt.delete(id);
      lost++;
    }
    for (const id of live) if (id !== coordinator?.id && !heardAt.has(id)) heardAt.set(id, now());
  };

  const heard = ({ kind, coordinatorId }: HeardHint): void => {
    if (kind === 'gap') {
      if (!isOutOfSync) gaps++;
      isOutOfSync = true;
      return;
    }
    hints.count(kind);
    if (kind !== 'heartbeat' || coordinatorId === undefined) return;
    if (heardAt.has(coordinatorId)) heardAt.set(coordinatorId, now());
    if (coordinatorId !== coordinator?.id || beatAt === undefined) return;
    roundTrips.observe((now() - beatAt) / 1000);
    beatAt = undefined;
  };

  return {
    started: (started) => {
      coordinator = started;
      // It ends with the coordinator.
      started.coordinators$.subscribe((live) => {
        nowLive(new Set(live));
      });
    },
    heartbeatBegun: () => {
      beatAt = now();
    },
    heartbeatEnded: (isWritten) => {
      heartbeats.count(isWritten ? 'written' : 'failed');
      // Should it take effect after all, it says nothing about how long a notification takes.
      if (!isWritten) beatAt = undefined;
    },
    hintHeard: heard,
    resynced: (milliseconds) => {
      isOutOfSync = false;
      resyncs.observe(milliseconds / 1000);
    },
  };
}

/** What an Observable that replays says now; undefined when it has completed. */
function latest<T>(replaying$: Observable<T>): T | undefined {
  let value: T | undefined;
  replaying$
    .pipe(take(1))
    .subscribe((current) => {
      value = current;
    })
    .unsubscribe();
  return value;
}

const holdings: Readonly<Record<keyof Holdings, readonly [name: string, help: string]>> = {
  peers: ['tailnet_peers', 'Peers that are connected.'],
  watches: ['tailnet_watches', 'Those who watch a peer without being one.'],
  tunnels: ['tailnet_tunnels', 'Tunnels that peers connected here have opened.'],
  edges: ['tailnet_edges', 'In the view: pairs of a peer connected here and a peer that it shares a tunnel with.'],
  watched: ['tailnet_watched_peers', 'In the view: peers that somebody here looks at, wherever they are connected.'],
};

function holdingsMetrics(registry: Registry, coordinator: () => ObservedCoordinator | undefined): void {
  for (const what of Object.keys(holdings) as (keyof Holdings)[]) {
    const [name, help] = holdings[what];
    new Gauge({
      ...{ name, help, registers: [registry] },
      collect() {
        this.set(coordinator()?.holdings[what] ?? 0);
      },
    });
  }
}
