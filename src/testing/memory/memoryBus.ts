import { EMPTY, Observable, defer, type Subscriber } from 'rxjs';
import type { Bus, BusEvent, Origin } from '../../db/bus.js';
import type { Turns } from './turns.js';

/** A bus on which the store of the same process can announce. */
export interface MemoryBus extends Bus {
  /** Publishes each payload once, at once: by the time this returns all listeners have heard, or will in their turn. */
  readonly announce: (channel: string, payloads: Iterable<string>, origin?: Origin) => void;
  /** Who announces now: a number that nobody had yet, or with an owner one of a few of its own, like those of connections. */
  readonly nextSender: (owner?: string) => number;
}

interface Listener {
  readonly subscriber: Subscriber<BusEvent>;
  /** The number of the last message that was published before it listened. */
  readonly since: number;
}

/** So many statements at least are between two by the same sender. */
const sendersOfOwner = 4;

/** A bus within the process: synchronous, in order, without losses. What disturbs it stands around it. */
export const memoryBus = (turns: Turns): MemoryBus => {
  const listeners = new Map<string, Set<Listener>>();
  let published = 0;
  let senders = 0;
  const newSender = () => ++senders;
  const owned = new Map<string, number[]>();
  const nextSender = (owner?: string): number => {
    if (owner === undefined) return newSender();
    const numbers = owned.get(owner) ?? Array.from({ length: sendersOfOwner }, newSender);
    const [next = newSender(), ...others] = numbers;
    owned.set(owner, [...others, next]);
    return next;
  };

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
    nextSender,

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
