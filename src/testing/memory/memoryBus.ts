import { EMPTY, Observable, defer, type Subscriber } from 'rxjs';
import type { Bus, BusEvent, Origin } from '../../db/bus.js';
import type { Turns } from './turns.js';

/** A bus on which the store of the same process can announce. */
export interface MemoryBus extends Bus {
  /** Publishes each payload once, at once: by the time this returns all listeners have heard, or will in their turn. */
  readonly announce: (channel: string, payloads: Iterable<string>, origin?: Origin) => void;
  /** Nobody's number yet. */
  readonly newSender: () => number;
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
  let senders = 0;
  const newSender = () => ++senders;

  const deliver = (channel: string, event: BusEvent, number: number) => {
    // A Set may change while it is walked; who came later than the message is told by the number.
    for (const { subscriber, since } of listeners.get(channel) ?? []) {
      if (since < number) subscriber.next(event);
    }
  };

  const announce = (channel: string, payloads: Iterable<string>, origin?: Origin) => {
    for (const payload of payloads) {
      const number = ++published;
      const event: BusEvent = { kind: 'message', payload, ...origin };
      turns(() => deliver(channel, event, number));
    }
  };

  return {
    announce,
    newSender,

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
