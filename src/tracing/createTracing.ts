import { type Attributes, SpanKind, SpanStatusCode, type Tracer } from '@opentelemetry/api';
import { Stopwatch } from '../metrics/stopwatch.js';
import { type Telemetry, silentTelemetry } from '../telemetry.js';

/** Who makes the spans, and what tells the time. */
export interface TracingOptions {
  /** Makes the spans: `trace.getTracer('tailnet-coordinator')`, once whoever collects them has been set up. */
  readonly tracer: Tracer;
  /** Milliseconds since 1970. Default `Date.now`; in virtual time, `() => scheduler.now()`. */
  readonly now?: () => number;
  /** Milliseconds on a clock that is not set back, for durations. Default `performance.now()`. */
  readonly clock?: () => number;
}

/**
 * Makes a telemetry for `createCoordinator` that tells OpenTelemetry how long things took:
 *
 * - `tailnet.write`: a node, from when it was taken in until it was in the database; `tailnet.peer_id`
 * - `tailnet.tell`: a node, from when its notification came until all ready receivers here were told; `tailnet.peer_id`
 * - `tailnet.query`: a call of the database; `db.operation.name` is its name, such as `writeBindings`,
 *   `db.operation.batch.size` how much it was about. One that failed has the status ERROR, and why.
 * - `tailnet.resync`: reading all that is of interest again, after notifications may have been lost
 *
 * Spans stand side by side: what shares a statement belongs to no single request. Each has `tailnet.coordinator_id`. Of
 * nodes under way at the same time, the last 10,000 peers are followed.
 */
export function createTracing(options: TracingOptions): Telemetry {
  const { tracer, now = Date.now, clock = () => performance.now() } = options;
  const unwritten = new Stopwatch(clock);
  const untold = new Stopwatch(clock);
  let coordinatorId = '';

  const took = (
    name: string,
    milliseconds: number,
    attributes: Attributes,
    kind = SpanKind.INTERNAL,
    problem = '',
  ): void => {
    const end = now();
    const startTime = end - milliseconds;
    const span = tracer.startSpan(name, {
      ...{ startTime, kind, root: true },
      attributes: { 'tailnet.coordinator_id': coordinatorId, ...attributes },
    });
    if (problem !== '') span.setStatus({ code: SpanStatusCode.ERROR, message: problem });
    span.end(end);
  };

  const arrived = (stopwatch: Stopwatch, name: string, peerId: string): void => {
    const seconds = stopwatch.stop(peerId);
    if (seconds !== undefined) took(name, seconds * 1000, { 'tailnet.peer_id': peerId });
  };

  return {
    ...silentTelemetry,
    now: clock,
    started: ({ id }) => {
      coordinatorId = id;
    },
    nodeAccepted: (peerId) => {
      unwritten.start(peerId);
    },
    bindingWritten: (peerId) => {
      arrived(unwritten, 'tailnet.write', peerId);
    },
    hintHeard: ({ kind, peerId }, isOfInterest) => {
      if ((kind === 'peer' || kind === 'binding') && isOfInterest && peerId !== undefined) untold.start(peerId);
    },
    bindingsTold: (peerId) => {
      arrived(untold, 'tailnet.tell', peerId);
    },
    bindingsIgnored: (peerId) => {
      untold.forget(peerId);
    },
    keyGivenUp: (work, peerId) => {
      if (work === 'writeBindings') unwritten.forget(peerId);
      if (work === 'readBindings') untold.forget(peerId);
    },
    queryEnded: (query, result, milliseconds, keys) => {
      const attributes = {
        // Announced is what is published elsewhere.
        ...(query !== 'announce' && { 'db.system.name': 'postgresql' }),
        'db.operation.name': query,
        ...(keys !== undefined && { 'db.operation.batch.size': keys }),
      };
      took('tailnet.query', milliseconds, attributes, SpanKind.CLIENT, result === 'ok' ? '' : result);
    },
    resynced: (milliseconds) => {
      took('tailnet.resync', milliseconds, {});
    },
  };
}
