import { Observable, type Subscriber } from 'rxjs';
import type { Bus, BusEvent, Origin } from './bus.js';
import { StoreError } from './store.js';

/** What is to be done where a bus has a connection, if it has one. */
export interface ChannelListenersOptions {
  /** Somebody listens on a channel on which nobody did. */
  readonly onFirst: (channel: string) => void;
  /** Nobody listens on a channel any more. */
  readonly onLast: (channel: string) => void;
}

const GAP: BusEvent = { kind: 'gap' };

/**
 * Who listens on which channels of a bus, for buses that have one connection for all: it comes and goes, and they stay.
 * A listener hears `gap` when its channel is heard, at once if that is so already, and whenever it is heard again.
 */
export class ChannelListeners {
  readonly #options: ChannelListenersOptions;
  readonly #listeners = new Map<string, Set<Subscriber<BusEvent>>>();
  /** The channels of which what is published from then on is heard. */
  readonly #heard = new Set<string>();
  #isClosed = false;

  constructor(options: ChannelListenersOptions) {
    this.#options = options;
  }

  /** For a `Bus`, as it is. */
  readonly listen$: Bus['listen$'] = (channel) =>
    new Observable((listener) => {
      if (this.#isClosed) {
        listener.error(new StoreError('unavailable', 'the bus is closed'));
        return undefined;
      }
      this.#join(channel, listener);
      return () => this.#leave(channel, listener);
    });

  /** The channels that somebody listens on. */
  get channels(): readonly string[] {
    return [...this.#listeners.keys()];
  }

  /** From now on this channel is heard. */
  heard(channel: string): void {
    if (!this.#listeners.has(channel)) return;
    this.#heard.add(channel);
    this.#tell(channel, GAP);
  }

  /** Somebody has published this. What comes before the channel is heard is covered by the gap that follows. */
  published(channel: string, payload: string, origin?: Origin): void {
    if (!this.#heard.has(channel)) return;
    this.#tell(channel, { kind: 'message', payload, ...origin });
  }

  /** Nothing is heard for now. */
  deaf(): void {
    this.#heard.clear();
  }

  /** Ends all who listen on this channel: it is not heard, and will not be unless somebody listens anew. */
  fail(channel: string, error: StoreError): void {
    for (const listener of this.#on(channel)) listener.error(error);
  }

  /** Ends all who listen, and lets nobody listen any more. */
  close(): void {
    this.#isClosed = true;
    for (const channel of this.channels) this.fail(channel, new StoreError('unavailable', 'the bus was closed'));
  }

  #join(channel: string, listener: Subscriber<BusEvent>): void {
    const others = this.#listeners.get(channel);
    if (others === undefined) {
      this.#listeners.set(channel, new Set([listener]));
      this.#options.onFirst(channel);
      return;
    }
    others.add(listener);
    if (this.#heard.has(channel)) listener.next(GAP);
  }

  #leave(channel: string, listener: Subscriber<BusEvent>): void {
    const others = this.#listeners.get(channel);
    if (others?.delete(listener) !== true || others.size > 0) return;
    this.#listeners.delete(channel);
    this.#heard.delete(channel);
    this.#options.onLast(channel);
  }

  #tell(channel: string, event: BusEvent): void {
    for (const listener of this.#on(channel)) listener.next(event);
  }

  /** A copy, because whoever is told may leave or come. */
  #on(channel: string): readonly Subscriber<BusEvent>[] {
    return [...(this.#listeners.get(channel) ?? [])];
  }
}
