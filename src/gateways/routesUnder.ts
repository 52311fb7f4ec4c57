import type { HttpRoutes } from './httpRoutes.js';

/**
 * The same routes at paths that all begin with something, as behind a proxy that passes on the whole path:
 * `routesUnder('/tailnet', healthRoutes(coordinator))` has `/tailnet/healthz`.
 */
export function routesUnder(basePath: string, routes: HttpRoutes): HttpRoutes {
  return Object.fromEntries(Object.entries(routes).map(([path, route]) => [basePath + path, route]));
}
