import {
  BehaviorSubject,
  asyncScheduler,
  audit,
  concat,
  concatMap,
  defer,
  filter,
  map,
  mergeScan,
  of,
  switchMap,
  tap,
  timer,
} from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';
import type { Node } from 'tailnet-coordinator/proto';
import { nextSettings, nextSince, planPeers, readyPatience } from './planPeers.js';
import type { OwnSide, ShownPeer, WireGuardChange } from './planPeers.js';
import type { WireGuardInterface } from './wireguardInterface.js';
import { wireguardPeer } from './wireguardPeer.js';
import type { WireGuardPeer } from './wireguardPeer.js';

/** What was done about what the client showed. */
export interface Programmed {
  /** The peers whose newest nodes are in use since then, and were not before. */
  readonly takenUp: readonly string[];
  /** What was changed in the interface. */
  readonly changes: readonly WireGuardChange[];
}

/** Who programs. */
export interface Programmer {
  readonly own: OwnSide;
  /** To whom this agent has opened tunnels. */
  readonly dialled: ReadonlySet<string>;
}

interface State {
  readonly since: ReadonlyMap<string, number>;
  readonly settings: ReadonlyMap<string, WireGuardPeer>;
  /** The nodes that are in use, by UUID. */
  readonly inUse: ReadonlyMap<string, Node>;
  readonly done?: Programmed;
}

type ShownPeers = ReadonlyMap<string, ShownPeer>;

/**
 * Keeps the peers of a WireGuard interface as the client shows them, one thing after the other, and emits what it did.
 * What comes while it is at it waits, and only the newest of that: a peer that changes all the time is not to fill the
 * memory. Looks again for those who were waited for long enough. Errors when the interface fails.
 *
 * @param shown$ the peers that the client shows, by UUID
 */
export const programPeers = (
  shown$: Observable<ShownPeers>,
  wireguard: WireGuardInterface,
  { own, dialled }: Programmer,
  scheduler: SchedulerLike = asyncScheduler,
): Observable<Programmed> => {
  const program = (state: State, { shown, now }: { shown: ShownPeers; now: number }): Observable<State> =>
    wireguard.peers$.pipe(
      concatMap((present) => {
        const since = nextSince(state.since, shown, now);
        const changes = planPeers({ own, shown, since, dialled, present, settings: state.settings, now });
        const settings = nextSettings(state.settings, changes);
        const inUse = nodesInUse(shown, settings);
        const takenUp = [...inUse].filter(([id, node]) => state.inUse.get(id) !== node).map(([id]) => id);
        const next = of({ since, settings, inUse, done: { takenUp, changes } });
        return changes.length === 0 ? next : concat(wireguard.change(changes), next);
      }),
    );
  return defer(() => {
    const isBusy$ = new BehaviorSubject(false);
    const idle$ = isBusy$.pipe(filter((isBusy) => !isBusy));
    return shown$.pipe(
      switchMap((shown) => {
        const now = scheduler.now();
        const later = now + readyPatience;
        return concat(of({ shown, now }), timer(readyPatience, scheduler).pipe(map(() => ({ shown, now: later }))));
      }),
      audit(() => idle$),
      tap(() => isBusy$.next(true)),
      mergeScan(program, { since: new Map(), settings: new Map(), inUse: new Map() }, 1),
      concatMap(({ done }) => (done === undefined ? [] : [done])),
      tap(() => isBusy$.next(false)),
    );
  });
};

/** Of those that are there, the ones whose keys are set for them: not those whose keys or addresses others have. */
const nodesInUse = (shown: ShownPeers, settings: State['settings']): ReadonlyMap<string, Node> =>
  new Map(
    [...shown].flatMap(([id, { node, status }]) => {
      const wanted = status === 'ok' ? wireguardPeer(id, node) : undefined;
      if (wanted === undefined) return [];
      const isSet = settings.get(wanted.publicKey)?.allowedIps.join() === wanted.allowedIps.join();
      return isSet ? [[id, node] as const] : [];
    }),
  );
