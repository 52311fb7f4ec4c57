import { EMPTY, Observable, defer, type Subscriber } from 'rxjs';
import type { Bus, BusEvent } from '../../db/bus.js';
import type { Turns } from './turns.js';

/** A bus on which the store of the same process can announce. */
export interface MemoryBus extends Bus {
  /** Publishes each payload once, at once: by the time this returns all listeners have heard, or will in their turn. */
  readonly announce: (channel: string, payloads: ReadonlySet<string>) => void;
}

interface Listener {
  readonly subscriber: Subscriber<BusEvent>;
  /** The number of the last message that was published before it listened. */
  readonly since: number;
}

/** A bus within the process: synchronous, in order, without losses. What disturbs it stands around it. */
export const memoryBus = (turns: Turns): MemoryBus => {
  const listeners = new Map<string, Set<Listener>>();
  let published = 0;

  const deliver = (channel: string, payload: string, number: number) => {
    // A Set may change while it is walked; who came later than the message is told by the number.
    for (const { subscriber, since } of listeners.get(channel) ?? []) {
      if (since < number) subscriber.next({ kind: 'message', payload });
    }
  };

  const announce = (channel: string, payloads: ReadonlySet<string>) => {
    for (const payload of payloads) {
      const number = ++published;
      turns(() => deliver(channel, payload, number));
    }
  };

  return {
    announce,

    listen$: (channel) =>
      new Observable((subscriber) => {
        const listener: Listener = { subscriber, since: published };
        const all = listeners.get(channel) ?? new Set();
        listeners.set(channel, all.add(listener));
        turns(() => subscriber.next({ kind: 'gap' }));
        return () => {
          all.delete(listener);
          if (all.size === 0) listeners.delete(channel);
        };
      }),

    // Equal notifications of one transaction collapse in PostgreSQL, too.
    publish: (channel, payloads) =>
      defer(() => {
        announce(channel, new Set(payloads));
        return EMPTY;
      }),
  };
};
