import { Observable, identity, map, merge, mergeMap, type MonoTypeOperatorFunction, type SchedulerLike } from 'rxjs';
import type { Bus, BusEvent } from '../../db/bus.js';
import type { Turns } from '../memory/turns.js';
import { type BusLine, createBusLine } from './busLine.js';
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

  const line = createBusLine(scheduler);
  const travel = (channel: string): MonoTypeOperatorFunction<BusEvent> => {
    if (busLatency === undefined) return identity;
    const latencyOf = typeof busLatency === 'number' ? () => busLatency : busLatency;
    return (events$) =>
      events$.pipe(
        mergeMap((event) => {
          const latency = event.kind === 'gap' ? 0 : latencyOf(channel, event.payload);
          return onLine(line, faults, { channel, latency, event });
        }),
        inTurn(turns),
      );
  };

  return {
    listen$: (channel) => merge(gaps$, bus.listen$(channel).pipe(mergeMap(heard(channel)), travel(channel))),
    publish: (...args) => through({ method: 'publish', args }, bus.publish(...args)),
  };
};

/** One event on its way: lost, if an era ends meanwhile. */
const onLine = (
  line: BusLine,
  faults: FaultState,
  { channel, latency, event }: { readonly channel: string; readonly latency: number; readonly event: BusEvent },
): Observable<BusEvent> =>
  new Observable((subscriber) => {
    const { era } = faults;
    const sender = event.kind === 'message' ? event.sender : undefined;
    return line.send({ channel, sender }, latency, () => {
      if (era === faults.era) subscriber.next(event);
      subscriber.complete();
    });
  });

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
