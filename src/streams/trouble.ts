import { type Observable, filter, map, pairwise, startWith } from 'rxjs';
import type { Beat } from './heartbeats.js';

/**
 * The own heartbeats that tell of trouble with the database: each that failed, and the first that was written after
 * one. Until then the trouble may have lasted; from then on the others need a period, and the time one heartbeat may
 * take, to write theirs.
 */
export const trouble$ = (beats$: Observable<Beat>): Observable<Beat> =>
  beats$.pipe(
    startWith(undefined),
    pairwise(),
    filter((pair) => pair.some((beat) => beat?.kind === 'failed')),
    map(([, beat]) => beat),
    filter((beat) => beat !== undefined),
  );
