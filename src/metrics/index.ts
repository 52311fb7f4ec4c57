/**
 * Metrics of a coordinator and its gateways, for Prometheus. Start with {@link createMetrics}; what they mean is in
 * docs/metrics.md.
 *
 * @packageDocumentation
 */
export { createMetrics } from './createMetrics.js';
export type { Metrics, MetricsOptions } from './createMetrics.js';
export { metricsPath, metricsRoutes } from './metricsRoutes.js';
export type { ScrapedMetrics } from './metricsRoutes.js';
