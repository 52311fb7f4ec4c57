import {
  type Observable,
  type OperatorFunction,
  combineLatest,
  distinctUntilChanged,
  map,
  scan,
  startWith,
} from 'rxjs';
import type { Beat } from './heartbeats.js';

/** What the heartbeats say of a coordinator: whether others can see it, and it can write. */
export type Pulse = 'unknown' | 'healthy' | 'unhealthy';

interface Counted {
  readonly failures: number;
  readonly pulse: Pulse;
}

/** One success makes healthy; `limit` failures in a row make unhealthy. */
export const nextPulse = ({ failures, pulse }: Counted, beat: Beat['kind'], limit: number): Counted => {
  if (beat === 'written') return { failures: 0, pulse: 'healthy' };
  return { failures: failures + 1, pulse: failures + 1 >= limit ? 'unhealthy' : pulse };
};

/** Turns heartbeats into health: a value whenever it changes. */
export const pulse = (missedHeartbeats: number): OperatorFunction<Beat, Pulse> => {
  return (beats$: Observable<Beat>) =>
    beats$.pipe(
      scan<Beat, Counted>((counted, { kind }) => nextPulse(counted, kind, missedHeartbeats), {
        failures: 0,
        pulse: 'unknown',
      }),
      map((counted) => counted.pulse),
      distinctUntilChanged(),
    );
};

/**
 * How a coordinator is that nobody has closed: unhealthy when its heartbeats say so; healthy when they do and it has
 * begun to hear notifications; starting until then.
 */
export const vitality$ = (
  beats$: Observable<Beat>,
  listening$: Observable<unknown>,
  missedHeartbeats: number,
): Observable<'starting' | 'healthy' | 'unhealthy'> =>
  combineLatest([
    beats$.pipe(pulse(missedHeartbeats)),
    listening$.pipe(
      map(() => true),
      startWith(false),
    ),
  ]).pipe(
    map(([beating, listening]) =>
      beating === 'healthy' && listening ? 'healthy' : beating === 'unhealthy' ? beating : 'starting',
    ),
    distinctUntilChanged(),
  );
