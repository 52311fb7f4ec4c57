import { identity, NEVER, switchMap, tap } from 'rxjs';
import type { MonoTypeOperatorFunction, Observable } from 'rxjs';
import type { GatewayEvent } from '../gateways/gatewayEvent.js';
import type { HttpRoutes } from '../gateways/httpRoutes.js';
import { httpServer$ } from '../gateways/httpServer.js';
import type { TlsSource } from '../gateways/tls.js';
import type { Metrics } from '../metrics/createMetrics.js';
import { metricsPath, metricsRoutes, type ScrapedMetrics } from '../metrics/metricsRoutes.js';

/** Where `/metrics` is served: with everything else, at a port of its own (0 picks a free one), or nowhere. */
export type MetricsPort = number | 'same' | 'none';

/** What there is to count, and where it is served. */
export interface ServedMetrics {
  readonly metricsPort: MetricsPort;
  /** Undefined when they are served nowhere: nothing is counted then. */
  readonly metrics: Metrics | undefined;
  /** What is shown in their place, as those of several processes together. Default: they themselves. */
  readonly scraped?: ScrapedMetrics;
}

/** Counts what happens at a gateway, if anything is counted. */
export function countedAt(gateway: string, metrics: Metrics | undefined): MonoTypeOperatorFunction<GatewayEvent> {
  return metrics === undefined ? identity : metrics.gateway(gateway);
}

/** The route to add to those of the main port: none, unless it is the `same`. */
export function metricsBesideOthers({ metricsPort, metrics, scraped }: ServedMetrics): HttpRoutes {
  return metrics !== undefined && metricsPort === 'same' ? metricsRoutes(scraped ?? metrics.registry) : {};
}

export interface MetricsServerOptions {
  readonly metrics: ScrapedMetrics;
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsSource;
  readonly onError: (error: unknown) => void;
  /** Told who was sent away for want of a client certificate. */
  readonly onRejected: (event: GatewayEvent) => void;
}

/**
 * Serves `/metrics`, and nothing else, at a port of its own, for as long as this is subscribed to; it can be read while
 * everything else is drained. Never completes.
 *
 * @param onListening told where
 */
export function metricsServer$(
  { metrics, host, port, tls, onError, onRejected }: MetricsServerOptions,
  onListening: (url: string) => void,
): Observable<never> {
  return httpServer$({ host, port, routes: metricsRoutes(metrics), onError, onRejected, ...(tls && { tls }) }).pipe(
    tap(({ url }) => onListening(url + metricsPath)),
    switchMap(() => NEVER),
  );
}
