import {
  type Observable,
  type SchedulerLike,
  audit,
  concat,
  concatMap,
  defer,
  from,
  ignoreElements,
  map,
  merge,
  repeat,
  tap,
  timer,
} from 'rxjs';
import type { Uuid } from '../db/store.js';
import { type Telemetry, silentTelemetry } from '../telemetry.js';
import { coalesceByKey } from './operators/coalesceByKey.js';
import type { Querier } from './querier.js';
import type { View } from './view.js';

export interface SweepOptions {
  readonly view: Pick<View, 'joined' | 'watched'>;
  readonly querier: {
    readonly refreshNeighbours: Querier['refreshNeighbours'];
    readonly refreshBindings: (peerId: Uuid) => unknown;
  };
  /** So many peers are marked in one go, so that nothing else waits long. */
  readonly chunk: number;
  readonly scheduler: SchedulerLike;
}

/** Milliseconds between the chunks of a resync. */
const resyncPause = 5;

/**
 * Has everything of local interest read again, in chunks: whom the connected peers share tunnels with, then the
 * bindings of all they watch. Completes after the last chunk.
 *
 * @param pause milliseconds after each chunk, given how many chunks there are
 */
export const sweep$ = (
  { view, querier, chunk, scheduler }: SweepOptions,
  pause: (chunks: number) => number,
): Observable<never> => {
  const inChunks = (ids: () => Iterable<Uuid>, refresh: (peerId: Uuid) => void): Observable<never> =>
    defer(() => {
      const chunks = chunksOf([...ids()], chunk);
      return from(chunks).pipe(
        concatMap((peerIds) => {
          for (const peerId of peerIds) refresh(peerId);
          return timer(pause(chunks.length), scheduler);
        }),
        ignoreElements(),
      );
    });
  return concat(
    inChunks(() => view.joined(), querier.refreshNeighbours),
    inChunks(() => view.watched(), querier.refreshBindings),
  );
};

export interface ResyncOptions extends SweepOptions {
  /** Milliseconds within which a resync begins. */
  readonly jitter: number;
  readonly random: () => number;
  /** Told how long each resync took. Default: nobody. */
  readonly telemetry?: Pick<Telemetry, 'now' | 'resynced'>;
}

/**
 * Sweeps after each gap, within `jitter` milliseconds at random, so that coordinators that missed the same hints do not
 * all read at once. Gaps that come until then share a sweep; a gap during a sweep asks for another one.
 */
export const resync$ = (
  gaps$: Observable<unknown>,
  { jitter, random, telemetry = silentTelemetry, ...options }: ResyncOptions,
): Observable<never> => {
  const measuredSweep$ = defer(() => {
    const begunAt = telemetry.now();
    return sweep$(options, () => resyncPause).pipe(
      tap({
        complete: () => {
          telemetry.resynced(telemetry.now() - begunAt);
        },
      }),
    );
  });
  return gaps$.pipe(
    audit(() => timer(random() * jitter, options.scheduler)),
    map(() => 'everything'),
    coalesceByKey(() => measuredSweep$),
  );
};

/**
 * Sweeps for ever, so slowly that each sweep takes the period: what no hint and no gap has told comes right in the end.
 * Where there is little to look at, or nothing, the next sweep waits for the next period all the same.
 */
export const rollingCheck$ = (period: number, options: SweepOptions): Observable<never> => {
  const onePeriod$ = timer(period, options.scheduler).pipe(ignoreElements());
  return concat(
    onePeriod$,
    merge(
      sweep$(options, (chunks) => period / 2 / chunks),
      onePeriod$,
    ).pipe(repeat()),
  );
};

const chunksOf = <T>(items: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
