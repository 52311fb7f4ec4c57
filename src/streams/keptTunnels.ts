import { type Observable, type SchedulerLike, ignoreElements, tap, timer } from 'rxjs';
import type { Binder } from './binder.js';
import type { Tunneler } from './tunneler.js';

/** Milliseconds: several times within the day after which a tunnel counts as abandoned. */
const period = 6 * 3_600_000;

export interface KeptTunnelsOptions {
  readonly tunneler: Pick<Tunneler, 'wanted' | 'reassert'>;
  readonly binder: Pick<Binder, 'writtenAt'>;
  readonly scheduler: SchedulerLike;
}

/**
 * Writes again, every six hours, the tunnels of connected peers that have no row: who has published no node, or one that was
 * refused. A tunnel that was written a
 * day ago, and whose source has no row, is cleaned up, by coordinators of any kind: such a peer, which only looks, would
 * lose sight of whom it looks at.
 */
export const keptTunnels$ = ({ tunneler, binder, scheduler }: KeptTunnelsOptions): Observable<never> =>
  timer(period, period, scheduler).pipe(
    tap(() => {
      for (const { src, dst } of tunneler.wanted()) {
        if (binder.writtenAt(src) === undefined) tunneler.reassert(src, dst);
      }
    }),
    ignoreElements(),
  );
