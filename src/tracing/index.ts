/**
 * Traces of a coordinator, for OpenTelemetry. Start with {@link createTracing}.
 *
 * @packageDocumentation
 */
export { createTracing } from './createTracing.js';
export type { TracingOptions } from './createTracing.js';
