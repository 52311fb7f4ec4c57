import { type Observable, type SchedulerLike, concat, map, of, take, tap, timeout } from 'rxjs';
import { Attendance } from '../attendance.js';
import { type HttpRoute, getRoute } from '../httpRoutes.js';
import { pageGuard } from '../pageGuard.js';
import { untilSent } from '../untilSent.js';
import type { DebugLimits, DebugOptions } from './debugOptions.js';
import type { DebugPage } from './debugPage.js';
import type { Sight } from './sharedSnapshots.js';

/** Milliseconds that the page may wait for what it shows without scripts. */
const patience = 1000;

/**
 * The page. What there is to see stands in it for those who run no scripts, where everybody may look and no page of a
 * stranger asks. Otherwise, or when the tables are not read soon, or too many look, it holds nothing of that, and everybody
 * gets it.
 */
export function showPage(
  page: DebugPage,
  sights$: Observable<Sight>,
  { identify, origins = [] }: DebugOptions,
  { maxViewers, closeTimeout }: DebugLimits,
  scheduler: SchedulerLike,
): HttpRoute {
  const refusalOf = pageGuard(origins, false);
  const attendance = new Attendance(maxViewers);
  return getRoute((request, response) => {
    const { headers, method } = request;
    const isForAll = identify === undefined && refusalOf(headers) === undefined;
    if (!isForAll || method === 'HEAD' || response.socket === null || attendance.obstacle) {
      page.send(response);
      return;
    }
    const sent$ = sights$.pipe(
      take(1),
      map((sight) => (sight.kind === 'snapshot' ? sight.snapshot.tables : undefined)),
      timeout({ first: patience, scheduler, with: () => of(undefined) }),
      tap((tables) => {
        page.send(response, tables);
      }),
    );
    // An answer takes its place for as long as it takes memory.
    return attendance.counted(concat(sent$, untilSent(response, closeTimeout)));
  });
}
