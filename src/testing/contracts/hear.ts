import { tap } from 'rxjs';
import type { Bus, BusEvent } from '../../db/bus.js';
import { lastOf } from './lastOf.js';

/** What one listener of a bus heard so far, in order. */
export interface Hearing {
  /** Everything heard, in order. */
  readonly events: readonly BusEvent[];
  /** Payloads heard and not yet taken. */
  readonly payloads: readonly string[];
  /** Gaps heard, the first one included. */
  readonly gaps: number;
  /** Takes the next payload, waiting for it if need be. */
  next(): Promise<string>;
  /** Waits until so many gaps were heard in all. */
  gap(count: number): Promise<void>;
  /**
   * Takes everything that was published before this call: it publishes a marker on the same channel and waits until
   * that is heard. So it can prove that something was *not* announced, without a clock.
   */
  untilNow(): Promise<readonly string[]>;
  stop(): void;
}

/** Listens on a channel; resolves once the bus said that it is listening. */
export async function hear(bus: Bus, channel: string): Promise<Hearing> {
  const events: BusEvent[] = [];
  const payloads: string[] = [];
  const waiting = new Set<() => void>();
  let gaps = 0;
  let failure: Error | undefined;

  const until = async (reached: () => boolean): Promise<void> => {
    while (!reached()) {
      if (failure !== undefined) throw failure;
      await new Promise<void>((resolve) => waiting.add(resolve));
    }
  };
  const wake = () => {
    const resolvers = [...waiting];
    waiting.clear();
    for (const resolve of resolvers) resolve();
  };

  const subscription = bus
    .listen$(channel)
    .pipe(
      tap((event) => {
        events.push(event);
        if (event.kind === 'gap') gaps += 1;
        else payloads.push(event.payload);
      }),
    )
    .subscribe({
      next: wake,
      error: (error: unknown) => {
        failure = error instanceof Error ? error : new Error(String(error));
        wake();
      },
      complete: () => {
        failure = new Error(`listen$('${channel}') completed, but must never complete`);
        wake();
      },
    });
  await until(() => gaps > 0);

  return {
    events,
    payloads,
    get gaps() {
      return gaps;
    },
    async next() {
      await until(() => payloads.length > 0);
      return payloads.shift() ?? '';
    },
    gap: (count) => until(() => gaps >= count),
    async untilNow() {
      const marker = `marker ${crypto.randomUUID()}`;
      await lastOf(bus.publish(channel, [marker]));
      await until(() => payloads.includes(marker));
      return payloads.splice(0, payloads.indexOf(marker) + 1).slice(0, -1);
    },
    stop: () => subscription.unsubscribe(),
  };
}
