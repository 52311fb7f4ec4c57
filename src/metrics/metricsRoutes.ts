import { defer, share, tap } from 'rxjs';
import { getRoute, reply } from '../gateways/httpRoutes.js';
import type { HttpRoutes } from '../gateways/httpRoutes.js';

/** The path where metrics are, unless `routesUnder` puts something in front. */
export const metricsPath = '/metrics';

/** What `/metrics` needs of a registry. */
export interface ScrapedMetrics {
  /** The media type of the text. */
  readonly contentType: string;
  /** All metrics, as text. */
  metrics(): Promise<string>;
}

/**
 * `GET /metrics`: all metrics of a registry, in the text format of Prometheus. They are gathered once for all who ask at
 * the same time: whoever asks too often waits, and keeps nobody else waiting.
 */
export function metricsRoutes(registry: ScrapedMetrics): HttpRoutes {
  const text$ = defer(() => registry.metrics()).pipe(share());
  return {
    [metricsPath]: getRoute((_request, response) =>
      text$.pipe(
        tap((text) => {
          reply(response, 200, registry.contentType, text);
        }),
      ),
    ),
  };
}
