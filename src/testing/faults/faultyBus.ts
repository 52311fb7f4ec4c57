import {
  Observable,
  concatMap,
  filter,
  identity,
  map,
  merge,
  mergeMap,
  of,
  timer,
  type MonoTypeOperatorFunction,
  type SchedulerLike,
} from 'rxjs';
import type { Bus, BusEvent } from '../../db/bus.js';
import type { Turns } from '../memory/turns.js';
import type { FaultState } from './faults.js';
import type { Wire } from './wire.js';
import type { WireOptions } from './withFaults.js';

interface FaultyBusOptions {
  readonly busLatency: WireOptions['busLatency'];
  readonly scheduler: SchedulerLike;
  readonly turns: Turns;
}

export const faultyBus = (
  bus: Bus,
  through: Wire,
  faults: FaultState,
  { busLatency, scheduler, turns }: FaultyBusOptions,
): Bus => {
  const passes = (channel: string) => (event: BusEvent) =>
    !faults.isAway && (event.kind === 'gap' || !faults.isDropped(channel, event.payload));

  const heard =
    (channel: string) =>
    (event: BusEvent): readonly BusEvent[] => {
      if (!passes(channel)(event)) return [];
      return event.kind === 'message' && faults.isRepeated(channel, event.payload) ? [event, event] : [event];
    };

  const gaps$ = faults.gaps$.pipe(
    map((): BusEvent => ({ kind: 'gap' })),
    inTurn(turns),
  );

  const travel = (channel: string): MonoTypeOperatorFunction<BusEvent> => {
    if (busLatency === undefined) return identity;
    const latencyOf = typeof busLatency === 'number' ? () => busLatency : busLatency;
    return (events$) =>
      events$.pipe(
        late((event) => (event.kind === 'gap' ? 0 : latencyOf(channel, event.payload)), faults, scheduler),
        inTurn(turns),
      );
  };

  return {
    listen$: (channel) => merge(gaps$, bus.listen$(channel).pipe(mergeMap(heard(channel)), travel(channel))),
    publish: (...args) => through({ method: 'publish', args }, bus.publish(...args)),
  };
};

/** Delays without reordering; what is under way when an era ends is lost. */
const late =
  (
    latencyOf: (event: BusEvent) => number,
    faults: FaultState,
    scheduler: SchedulerLike,
  ): MonoTypeOperatorFunction<BusEvent> =>
  (events$) =>
    events$.pipe(
      map((event) => ({ event, era: faults.era, due: scheduler.now() + latencyOf(event) })),
      concatMap((sent) => {
        const wait = sent.due - scheduler.now();
        return wait > 0 ? timer(wait, scheduler).pipe(map(() => sent)) : of(sent);
      }),
      filter(({ era }) => era === faults.era),
      map(({ event }) => event),
    );

/** Hands on in turn what may come while another delivery is going on. */
const inTurn =
  <T>(turns: Turns): MonoTypeOperatorFunction<T> =>
  (source$) =>
    new Observable((subscriber) =>
      source$.subscribe({
        next: (value) => turns(() => subscriber.next(value)),
        error: (error: unknown) => turns(() => subscriber.error(error)),
        complete: () => turns(() => subscriber.complete()),
      }),
    );
