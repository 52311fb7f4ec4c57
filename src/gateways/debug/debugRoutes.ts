import { asyncScheduler, take, tap } from 'rxjs';
import type { Coordinator } from '../../api.js';
import type { ReadOverview } from '../../db/overview.js';
import { reply, replyText } from '../httpRoutes.js';
import type { HttpRoutes } from '../httpRoutes.js';
import { completeDebugLimits } from './debugOptions.js';
import type { DebugOptions } from './debugOptions.js';
import { debugPage } from './debugPage.js';
import { routesForLookers } from './lookers.js';
import { sharedSnapshots } from './sharedSnapshots.js';
import { showEvents } from './showEvents.js';
import { showPage } from './showPage.js';
import { showPeer } from './showPeer.js';

/** The path of the page where people look at everything. */
export const debugPath = '/debug/tailnet';

/**
 * All there is in the mesh, for people who operate it: coordinators, peers and tunnels, as the tables hold them.
 *
 * - `GET /debug/tailnet`: a page that shows it, live. It needs nothing but this server. Where everybody may look, it has
 *   tables for those who run no scripts.
 * - `GET /debug/tailnet.json`: the same as JSON, an `Overview` and `answeredBy`, the id of this coordinator. 503 while the
 *   database cannot be read.
 * - `GET /debug/tailnet/events`: the same as server-sent events: `overview`, then `changes`; `trouble`, `closed`.
 * - `GET /debug/tailnet/peers/{id}`: `{"id":…,"status":"ok"|"lost"|"absent","node":…}`, with the node in proto3 JSON, or
 *   null.
 *
 * Nothing is written, and no peer notices. The tables are read once for all who look, as the limits say, and not while
 * nobody does. The page itself is for everybody; for what it shows by scripts, 401 and 403 as `identify` and `origins` say,
 * 503 when there are too many, or while the server drains.
 *
 * @param readOverview reads the tables: `postgresOverview(…).read`
 * @throws RangeError at once when a limit is not a number above 0
 * @throws TypeError at once when an entry of `origins` or `trustedProxies` is none
 */
export function debugRoutes(
  coordinator: Pick<Coordinator, 'id' | 'watch$'>,
  readOverview: ReadOverview,
  options: DebugOptions = {},
): HttpRoutes {
  const { onTrouble = () => undefined, scheduler = asyncScheduler } = options;
  const limits = completeDebugLimits(options.limits);
  const forLookers = routesForLookers(options, limits, scheduler);
  const { readPeriod: period, answerTimeout } = limits;
  const sights$ = sharedSnapshots(readOverview, coordinator.id, { period, scheduler, onTrouble });
  const page = debugPage();
  return {
    [debugPath]: showPage(page, sights$, options, limits, scheduler),
    [`${debugPath}.json`]: forLookers((_request, response) =>
      sights$.pipe(
        take(1),
        tap((sight) => {
          if (sight.kind === 'trouble') replyText(response, 503, 'the database cannot be read now');
          else {
            reply(response, 200, 'application/json; charset=utf-8', sight.snapshot.body, {
              'X-Content-Type-Options': 'nosniff',
            });
          }
        }),
      ),
    ),
    [`${debugPath}/events`]: forLookers(showEvents(sights$, options, limits, scheduler)),
    [`${debugPath}/peers/{id}`]: forLookers(showPeer(coordinator, answerTimeout, scheduler)),
    [`${debugPath}/{file}`]: page.file,
  };
}
