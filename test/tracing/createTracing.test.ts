import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { StoreError } from '../../src/db/store.js';
import { alice, bob, marbles, north } from '../../src/testing/index.js';
import { createTracing } from '../../src/tracing/index.js';
import { onTime } from '../streams/support/onTime.js';
import { virtualPeer } from '../support/virtualPeer.js';

/** OpenTelemetry as others wrote it, and what it was told. */
const collector = () => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const spans = (name: string) =>
    exporter.getFinishedSpans().flatMap((span) => {
      if (span.name !== name) return [];
      const milliseconds = span.duration[0] * 1000 + span.duration[1] / 1e6;
      return [
        { ...span.attributes, milliseconds, kind: span.kind, status: span.status, parent: span.parentSpanContext },
      ];
    });
  return { tracer: provider.getTracer('test'), spans };
};

describe('createTracing', () => {
  it(
    'tells OpenTelemetry how long a node was on its way, and each call of the database',
    marbles(({ createCoordinator, database, scheduler, flush }) => {
      const { tracer, spans } = collector();
      const now = () => scheduler.now();
      const tracing = createTracing({ tracer, now, clock: now });
      const wire = database.connect({ latency: 10 });
      const coordinator = createCoordinator({ database: wire, telemetry: tracing });
      const at = onTime(scheduler);
      const [one, other] = [virtualPeer(coordinator, alice), virtualPeer(coordinator, bob)];
      at(1000, () => one.tunnel(bob));
      at(2000, () => other.derp(7));
      at(2900, () => wire.faults.failNext('writeBindings', 1, new StoreError('refused', 'no')));
      at(3000, () => one.derp(1));
      at(4500, () => void coordinator.close());
      flush();

      const about = { 'tailnet.coordinator_id': north };
      const [written, ...more] = spans('tailnet.write');
      expect(written).to.include({ ...about, 'tailnet.peer_id': bob, milliseconds: 10, kind: SpanKind.INTERNAL });
      // The one that was refused never got there.
      expect(more).to.deep.equal([]);
      // Heard halfway, and told by the answer.
      expect(spans('tailnet.tell')[0]).to.include({ ...about, 'tailnet.peer_id': bob, milliseconds: 5 });

      const calls = spans('tailnet.query').filter((span) => span['db.operation.name' as never] === 'writeBindings');
      expect(calls.map(({ status }) => status)).to.deep.equal([
        { code: SpanStatusCode.UNSET },
        { code: SpanStatusCode.ERROR, message: 'refused' },
      ]);
      expect(calls[0]).to.include({
        ...{ ...about, 'db.system.name': 'postgresql', 'db.operation.batch.size': 1, kind: SpanKind.CLIENT },
        ...{ milliseconds: 10, parent: undefined },
      });
      // After the start nothing was known: that is a gap like any other.
      expect(spans('tailnet.resync')[0]).to.include(about);
    }),
  );
});
