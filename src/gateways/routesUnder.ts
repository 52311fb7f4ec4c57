import { checkPath } from './checkPath.js';
import type { HttpRoutes } from './httpRoutes.js';

/**
 * The same routes at paths that all begin with something, as behind a proxy that passes on the whole path:
 * `routesUnder('/tailnet', healthRoutes(coordinator))` has `/tailnet/healthz`. Without a path, `''`, they are as they were.
 *
 * @throws TypeError `basePath: must begin with "/", got "tailnet"`, `basePath: must not end with "/", got "/tailnet/"`
 */
export function routesUnder(basePath: string, routes: HttpRoutes): HttpRoutes {
  if (basePath !== '') checkPath('basePath', basePath);
  if (basePath.endsWith('/')) throw new TypeError(`basePath: must not end with "/", got ${JSON.stringify(basePath)}`);
  return Object.fromEntries(Object.entries(routes).map(([path, route]) => [basePath + path, route]));
}
