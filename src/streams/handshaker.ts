import type { Logger } from 'pino';
import { type Observable, type SchedulerLike, EMPTY, catchError } from 'rxjs';
import { type Bus, channels } from '../db/bus.js';
import type { Uuid } from '../db/store.js';
import { type Telemetry, silentTelemetry } from '../telemetry.js';
import { coalesceInBatches } from './operators/coalesceInBatches.js';
import { createInbox } from './inbox.js';

/** Tells peers, wherever they are connected, that another one is ready for a handshake with them. */
export interface Handshaker {
  /** `from` is ready for a handshake with `to`. */
  accept(to: Uuid, from: Uuid): void;
  /** Takes in nothing more. */
  end(): void;
  /** Publishes while it is subscribed to; completes when it was ended and all is published. */
  readonly published$: Observable<never>;
}

export interface HandshakerOptions {
  readonly bus: Bus;
  readonly turnScheduler: SchedulerLike;
  readonly maxBatchSize: number;
  /** Default: nobody is told. */
  readonly telemetry?: Pick<Telemetry, 'keyCoalesced' | 'keyGivenUp'>;
  readonly logger: Logger;
}

/**
 * Equal acknowledgements share one that waits or is on its way, so no more wait than there are pairs that share a tunnel.
 * An acknowledgement is worth a few seconds at most (a peer that misses it tries its handshake after five), so one that
 * cannot be published is logged and forgotten.
 */
export const createHandshaker = ({
  bus,
  turnScheduler,
  maxBatchSize,
  telemetry = silentTelemetry,
  logger,
}: HandshakerOptions): Handshaker => {
  const payloads$ = createInbox<string>();
  const publish = (payloads: readonly string[]): Observable<never> =>
    bus.publish(channels.readyForHandshake, payloads).pipe(
      catchError((err: unknown) => {
        logger.warn({ err, count: payloads.length }, 'acknowledgements not published');
        return EMPTY;
      }),
    );

  return {
    accept: (to, from) => {
      payloads$.next(`${to},${from}`);
    },
    end: () => {
      payloads$.complete();
    },
    published$: payloads$.pipe(
      coalesceInBatches(publish, {
        ...{ maxSize: maxBatchSize, maxInFlight: 1, scheduler: turnScheduler },
        onCoalesced: () => {
          telemetry.keyCoalesced('acknowledgements');
        },
        onGivenUp: (payload, err) => {
          telemetry.keyGivenUp('acknowledgements', payload);
          logger.error({ err, payload }, 'acknowledgement given up');
        },
      }),
    ),
  };
};
