import { combineLatest, defaultIfEmpty, map, of, take, tap } from 'rxjs';
import type { Observable } from 'rxjs';
import type { Coordinator } from '../api.js';
import { getRoute, replyJson } from './httpRoutes.js';
import type { HttpRoutes } from './httpRoutes.js';

/**
 * What a supervisor and a load balancer ask:
 *
 * - `GET /healthz`: 200 `{"status":"alive"}` as long as the process answers, whatever the database does: who is
 *   restarted because of it would lose its peers for nothing.
 * - `GET /readyz`: 200 `{"status":"healthy"}` if new peers are welcome; otherwise 503 with the reason as the status:
 *   `starting`, `unhealthy`, `draining`, `closing` or `closed`.
 *
 * @param draining$ true from when the server is about to stop; replays the current value. Default: never
 */
export function healthRoutes(
  { health$ }: Pick<Coordinator, 'health$'>,
  draining$: Observable<boolean> = of(false),
): HttpRoutes {
  return {
    '/healthz': getRoute((_request, response) => {
      replyJson(response, 200, { status: 'alive' });
    }),
    '/readyz': getRoute((_request, response) =>
      combineLatest([health$.pipe(defaultIfEmpty('closed' as const)), draining$]).pipe(
        take(1),
        map(([health, isDraining]) => (health === 'healthy' && isDraining ? 'draining' : health)),
        tap((status) => {
          replyJson(response, status === 'healthy' ? 200 : 503, { status });
        }),
      ),
    ),
  };
}
