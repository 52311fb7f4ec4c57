import type { Logger } from 'pino';
import {
  type MonoTypeOperatorFunction,
  type Observable,
  type SchedulerLike,
  concat,
  defer,
  ignoreElements,
  map,
  tap,
} from 'rxjs';
import {
  type Binding,
  type BindingWrite,
  type BindingsWritten,
  type Pair,
  type Store,
  type TunnelsWritten,
  type TunnelWrites,
  type Uuid,
  type Writer,
  StoreError,
} from '../db/store.js';
import type { Tuning } from '../options.js';
import { type Telemetry, type Work, silentTelemetry } from '../telemetry.js';
import { type BatchSizes, batchSizes } from './batchSizes.js';
import type { CoalesceInBatchesOptions } from './operators/coalesceInBatches.js';
import { type RetryOptions, retryWithBackoff } from './operators/retryWithBackoff.js';
import { tunnelWriteSize } from './tunnelWriteSize.js';

/**
 * The store as the streams call it: for many keys at a time. What is still changing is asked for when its statement is
 * made, not when the call is: so all that came until then shares the statement.
 */
export interface StoreCalls {
  readonly writeBindings: (newest: () => readonly BindingWrite[]) => Observable<BindingsWritten>;
  readonly writeTunnels: (newest: () => TunnelWrites) => Observable<TunnelsWritten>;
  /** Has an entry for each of the peers, also for one without neighbours. */
  readonly readNeighbours: (peerIds: readonly Uuid[]) => Observable<ReadonlyMap<Uuid, readonly Uuid[]>>;
  /** One answer for each of the pairs, in their order. */
  readonly readPairs: (pairs: readonly Pair[]) => Observable<readonly boolean[]>;
  /** Has an entry for each of the peers, also for one without bindings. */
  readonly readBindings: (peerIds: readonly Uuid[]) => Observable<ReadonlyMap<Uuid, readonly Binding[]>>;
  /** How much else goes into one statement. */
  readonly sizes: BatchSizes;
  /** How keys share statements, and when failed ones are tried again. */
  readonly inBatches: (work: Work, onGivenUp: (key: Uuid, error: unknown) => void) => CoalesceInBatchesOptions<Uuid>;
  /** Makes a failed call again for as long as that may help. What the database refuses is not tried again. */
  readonly retry: <T>() => MonoTypeOperatorFunction<T>;
}

export interface StoreCallsOptions {
  readonly store: Store;
  readonly writer: Writer;
  readonly tuning: Pick<Tuning, 'maxBatchSize' | 'maxBatchesInFlight' | 'batchSpacing'>;
  /** On which the end of a turn is waited for. */
  readonly turnScheduler: SchedulerLike;
  /** How failed calls are made again. */
  readonly backoff: RetryOptions;
  /** Completes after the first heartbeat was tried. Writes wait for it: they need the coordinator's row. */
  readonly begun$: Observable<unknown>;
  /** Told of each write whose answer failed. It may take effect all the same, and late: its own way out of order. */
  readonly onWriteFailed?: () => void;
  /** Told what shares a batch, and what is given up. Default: nobody. */
  readonly telemetry?: Pick<Telemetry, 'keyCoalesced' | 'keyGivenUp'>;
  readonly logger: Logger;
}

/**
 * What peers that come, go, or change their tunnels ask for. Bindings are not among what is read so: where many come,
 * their neighbours have just been read together, and where one publishes a node, the others wait for it.
 */
const paced: ReadonlySet<Work> = new Set<Work>(['writeBindings', 'writeTunnels', 'readTunnels']);

/** Statements of one kind that follow each other at once after it was quiet: a few who come together do not wait. */
const batchBurst = 10;

const nobody: readonly Uuid[] = [];

/** Whether it may help to make the call again. */
const isTransient = (error: unknown): boolean => error instanceof StoreError && error.reason !== 'refused';

export const createStoreCalls = ({
  store,
  writer,
  tuning,
  turnScheduler,
  backoff,
  begun$,
  onWriteFailed = () => undefined,
  telemetry = silentTelemetry,
  logger,
}: StoreCallsOptions): StoreCalls => {
  const retry: RetryOptions = { ...backoff, retryable: isTransient };

  /** A failed batch is logged once, not once for each key in it. */
  const logFailure = (call: string, keys: number) => (err: unknown) => {
    logger.warn({ err, call, keys }, 'database call failed');
  };

  let hasBegun = false;
  const whenBegun = <T>(work: () => Observable<T>): Observable<T> =>
    hasBegun
      ? work()
      : concat(
          begun$.pipe(
            ignoreElements(),
            tap({
              complete: () => {
                hasBegun = true;
              },
            }),
          ),
          defer(work),
        );

  const writing = <T>(call: string, keys: number, write$: Observable<T>): Observable<T> => {
    const log = logFailure(call, keys);
    return write$.pipe(
      tap({
        error: (error: unknown) => {
          onWriteFailed();
          log(error);
        },
      }),
    );
  };

  const sizes = batchSizes(tuning.maxBatchSize);
  /** Those that are named like a work are for it. */
  const maxSizes: Partial<Record<Work, number>> = sizes;

  return {
    writeBindings: (newest) =>
      whenBegun(() => {
        const writes = newest();
        return writing('writeBindings', writes.length, store.writeBindings(writer, writes));
      }),
    writeTunnels: (newest) =>
      whenBegun(() => {
        const writes = newest();
        return writing('writeTunnels', tunnelWriteSize(writes), store.writeTunnels(writer, writes));
      }),
    readNeighbours: (peerIds) =>
      store.readNeighbours(peerIds).pipe(
        map((found) => {
          const neighbours = new Map<Uuid, readonly Uuid[]>(peerIds.map((peerId) => [peerId, nobody]));
          for (const { peerId, neighbourIds } of found) neighbours.set(peerId, neighbourIds);
          return neighbours;
        }),
        tap({ error: logFailure('readNeighbours', peerIds.length) }),
      ),
    readPairs: (pairs) => store.readPairs(pairs).pipe(tap({ error: logFailure('readPairs', pairs.length) })),
    readBindings: (peerIds) =>
      store.readBindings(peerIds).pipe(
        map((rows) => {
          const bindings = new Map<Uuid, Binding[]>(peerIds.map((peerId) => [peerId, []]));
          for (const row of rows) bindings.get(row.peerId)?.push(row);
          return bindings;
        }),
        tap({ error: logFailure('readBindings', peerIds.length) }),
      ),
    sizes,
    inBatches: (work, onGivenUp) => ({
      maxSize: maxSizes[work] ?? tuning.maxBatchSize,
      maxInFlight: tuning.maxBatchesInFlight,
      scheduler: turnScheduler,
      pace: { period: paced.has(work) ? tuning.batchSpacing : 0, burst: batchBurst },
      retry,
      onGivenUp: (key, error) => {
        telemetry.keyGivenUp(work, key);
        onGivenUp(key, error);
      },
      onCoalesced: () => {
        telemetry.keyCoalesced(work);
      },
    }),
    retry: () => retryWithBackoff(retry),
  };
};
