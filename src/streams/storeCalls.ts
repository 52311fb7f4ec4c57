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
  type Microseconds,
  type Store,
  type Tunnel,
  type Uuid,
  type Writer,
  StoreError,
} from '../db/store.js';
import type { Tuning } from '../options.js';
import { type BatchOptions, batched } from './operators/batched.js';
import { type RetryOptions, retryWithBackoff } from './operators/retryWithBackoff.js';

/** All that is to become of one source's tunnels in one write. */
export interface SourceWrites {
  readonly src: Uuid;
  readonly add: readonly Uuid[];
  readonly remove: readonly Uuid[];
  /** Whether all other tunnels of the source go. */
  readonly clear: boolean;
}

/** Asks which of `others` share a tunnel with a peer. */
export interface SharedQuestion {
  readonly peerId: Uuid;
  readonly others: readonly Uuid[];
}

/**
 * The store as the streams call it: for one key at a time, while statements are made for many. What is still changing
 * is asked for when its statement is made, not when the call is: so all that came until then shares the statement. If
 * the statement is divided, it is asked for again.
 */
export interface StoreCalls {
  readonly writeBinding: (newest: () => BindingWrite) => Observable<Microseconds>;
  readonly writeTunnels: (newest: () => SourceWrites) => Observable<Microseconds>;
  readonly readNeighbours: (peerId: Uuid) => Observable<ReadonlySet<Uuid>>;
  /** One answer for each of the others, in their order. */
  readonly readShared: (newest: () => SharedQuestion) => Observable<readonly boolean[]>;
  readonly readBindings: (peerId: Uuid) => Observable<readonly Binding[]>;
  /** Makes a failed call again for as long as that may help. What the database refuses is not tried again. */
  readonly retry: <T>() => MonoTypeOperatorFunction<T>;
}

export interface StoreCallsOptions {
  readonly store: Store;
  readonly writer: Writer;
  readonly tuning: Pick<Tuning, 'maxBatchSize' | 'maxBatchesInFlight'>;
  /** On which the end of a turn is waited for. */
  readonly turnScheduler: SchedulerLike;
  /** How failed calls are made again. */
  readonly backoff: RetryOptions;
  /** Completes after the first heartbeat was tried. Writes wait for it: they need the coordinator's row. */
  readonly begun$: Observable<unknown>;
  /** Told of each write whose answer failed. It may take effect all the same, and late: its own way out of order. */
  readonly onWriteFailed?: () => void;
  readonly logger: Logger;
}

/** Whether the database will never take it, so that trying again cannot help. */
export const isRefused = (error: unknown): boolean => error instanceof StoreError && error.reason === 'refused';

export const createStoreCalls = ({
  store,
  writer,
  tuning,
  turnScheduler,
  backoff,
  begun$,
  onWriteFailed = () => undefined,
  logger,
}: StoreCallsOptions): StoreCalls => {
  const batchOptions: BatchOptions = {
    maxSize: tuning.maxBatchSize,
    maxInFlight: tuning.maxBatchesInFlight,
    scheduler: turnScheduler,
    divisible: isRefused,
  };

  /** Batches a call; a failed batch is logged once, not once for each key in it. */
  const inBatches = <T, R>(call: string, runBatch: (items: readonly T[]) => Observable<readonly R[]>) =>
    batched<T, R>(
      (items) =>
        runBatch(items).pipe(
          tap({
            error: (err: unknown) => {
              logger.warn({ err, call, keys: items.length }, 'database call failed');
            },
          }),
        ),
      batchOptions,
    );

  const writing = <T>(write: () => Observable<T>): Observable<T> =>
    concat(begun$.pipe(ignoreElements()), defer(write)).pipe(tap({ error: onWriteFailed }));

  return {
    writeBinding: inBatches('writeBindings', (writes: readonly (() => BindingWrite)[]) =>
      writing(() => store.writeBindings(writer, writes.map(ask))).pipe(map((at) => writes.map(() => at))),
    ),
    writeTunnels: inBatches('writeTunnels', (writes: readonly (() => SourceWrites)[]) =>
      writing(() => store.writeTunnels(writer, tunnelWrites(writes.map(ask)))).pipe(map((at) => writes.map(() => at))),
    ),
    readNeighbours: inBatches('readNeighbours', (peerIds) =>
      store
        .readNeighbours(peerIds)
        .pipe(map((rows) => grouped(peerIds, rows, ({ peerId, neighbourId }) => [peerId, neighbourId]).map(toSet))),
    ),
    readShared: inBatches('readPairs', (newest: readonly (() => SharedQuestion)[]) => {
      const questions = newest.map(ask);
      const pairs = questions.flatMap(({ peerId, others }) => others.map((other) => [peerId, other] as const));
      const lengths = questions.map(({ others }) => others.length);
      return store.readPairs(pairs).pipe(map((shared) => slices(shared, lengths)));
    }),
    readBindings: inBatches('readBindings', (peerIds) =>
      store.readBindings(peerIds).pipe(map((rows) => grouped(peerIds, rows, (row) => [row.peerId, row]))),
    ),
    retry: () =>
      retryWithBackoff({
        ...backoff,
        retryable: (error) => error instanceof StoreError && error.reason !== 'refused',
      }),
  };
};

const ask = <T>(newest: () => T): T => newest();

const tunnelWrites = (
  writes: readonly SourceWrites[],
): { add: readonly Tunnel[]; remove: readonly Tunnel[]; clear: readonly Uuid[] } => ({
  add: writes.flatMap(({ src, add }) => add.map((dst) => ({ src, dst }))),
  remove: writes.flatMap(({ src, remove }) => remove.map((dst) => ({ src, dst }))),
  clear: writes.filter(({ clear }) => clear).map(({ src }) => src),
});

const toSet = <T>(values: readonly T[]): ReadonlySet<T> => new Set(values);

/** The values of each key, in the order of the keys; an empty list for a key without rows, which is an answer, too. */
const grouped = <Row, V>(
  keys: readonly Uuid[],
  rows: readonly Row[],
  entryOf: (row: Row) => readonly [Uuid, V],
): readonly (readonly V[])[] => {
  const byKey = new Map<Uuid, V[]>(keys.map((key) => [key, []]));
  for (const row of rows) {
    const [key, value] = entryOf(row);
    byKey.get(key)?.push(value);
  }
  return keys.map((key) => byKey.get(key) ?? []);
};

const slices = <T>(values: readonly T[], lengths: readonly number[]): readonly (readonly T[])[] => {
  let start = 0;
  return lengths.map((length) => values.slice(start, (start += length)));
};
