import type { Telemetry } from '../telemetry.js';
import { CommandError } from './commandError.js';

/**
 * Traces for whoever in this process collects them: a program that was loaded before (`node --import ./collector.mjs`).
 *
 * @throws CommandError when OpenTelemetry is not installed
 */
export async function tracingOfProcess(): Promise<Telemetry> {
  // Only who wants traces has it installed.
  const api = await import('@opentelemetry/api').catch((cause: unknown) => {
    throw new CommandError('--traces needs the package @opentelemetry/api: npm install @opentelemetry/api', { cause });
  });
  const { createTracing } = await import('../tracing/createTracing.js');
  return createTracing({ tracer: api.trace.getTracer('tailnet-coordinator') });
}
