import { asyncScheduler, concat, concatMap, map, mergeScan, of, switchMap, timer } from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';
import { nextSettings, nextSince, planPeers, readyPatience } from './planPeers.js';
import type { ShownPeer, WireGuardChange } from './planPeers.js';
import type { WireGuardInterface } from './wireguardInterface.js';
import type { WireGuardPeer } from './wireguardPeer.js';

/** What a client of a coordinator shows at one time. */
export interface Shown {
  /** By UUID. */
  readonly peers: ReadonlyMap<string, ShownPeer>;
}

/** What was done about what the client showed. */
export interface Programmed<S extends Shown> {
  readonly shown: S;
  /** What was changed in the interface. */
  readonly changes: readonly WireGuardChange[];
}

interface State<S extends Shown> {
  readonly since: ReadonlyMap<string, number>;
  readonly settings: ReadonlyMap<string, WireGuardPeer>;
  readonly done?: Programmed<S>;
}

/**
 * Keeps the peers of a WireGuard interface as the client shows them, one thing after the other. Emits what it did about
 * each `shown$` when it is done; and again when somebody is set who was waited for long enough. Errors when the
 * interface fails.
 *
 * @param dialled to whom this agent has opened tunnels
 */
export const programPeers = <S extends Shown>(
  shown$: Observable<S>,
  wireguard: WireGuardInterface,
  dialled: ReadonlySet<string>,
  scheduler: SchedulerLike = asyncScheduler,
): Observable<Programmed<S>> => {
  const program = (state: State<S>, { shown, now }: { shown: S; now: number }): Observable<State<S>> =>
    wireguard.peers$.pipe(
      concatMap((present) => {
        const since = nextSince(state.since, shown.peers, now);
        const changes = planPeers({ shown: shown.peers, since, dialled, present, settings: state.settings, now });
        const next = of({ since, settings: nextSettings(state.settings, changes), done: { shown, changes } });
        return changes.length === 0 ? next : concat(wireguard.change(changes), next);
      }),
    );
  return shown$.pipe(
    switchMap((shown) => {
      const now = scheduler.now();
      const later = now + readyPatience;
      return concat(of({ shown, now }), timer(readyPatience, scheduler).pipe(map(() => ({ shown, now: later }))));
    }),
    mergeScan(program, { since: new Map(), settings: new Map() }, 1),
    concatMap(({ done }) => (done === undefined ? [] : [done])),
  );
};
