import { Observable, type Subscriber } from 'rxjs';
import type { CoordinateResponse } from '../proto/gen/tailnet.js';
import type { SendingTurns, Waiting } from './sendingTurns.js';
import type { MessageCodec, Wire } from './wire.js';

/** Sends responses over a wire, and says when it has had enough of them. */
export class ResponseWriter<Encoded> implements Waiting {
  /**
   * False from when the wire is full until nothing waits any more, and while others come first. Replays the state of now.
   */
  readonly ready$: Observable<boolean>;
  readonly #wire: Wire<Encoded>;
  readonly #encode: MessageCodec<Encoded>['encode'];
  readonly #turns: SendingTurns;
  readonly #listeners = new Set<Subscriber<boolean>>();
  #isReady = true;
  /** What came when it was not the turn of this one; undefined when nothing did. */
  #held: Encoded[] | undefined;
  #sent = 0;

  constructor(wire: Wire<Encoded>, { encode }: Pick<MessageCodec<Encoded>, 'encode'>, turns: SendingTurns) {
    this.#wire = wire;
    this.#encode = encode;
    this.#turns = turns;
    this.ready$ = new Observable((listener) => {
      this.#listeners.add(listener);
      listener.next(this.#isReady);
      return () => this.#listeners.delete(listener);
    });
  }

  /** What {@link ready$} last said. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** How many responses were handed over. */
  get sent(): number {
    return this.#sent;
  }

  /** Something that was to be sent has not reached the operating system yet. */
  get isBehind(): boolean {
    return this.#held !== undefined || this.#wire.bufferedAmount > 0;
  }

  /** The wire has sent all that it was given. */
  drained(): void {
    if (this.#held === undefined) this.#becomes(true);
  }

  /** The connection is over: there is no reason to wait any more, and what comes now is dropped. */
  release(): void {
    this.#held = undefined;
    this.#becomes(true);
  }

  /** Sends a response, or drops it when the connection is closing. Throws when it cannot be encoded. */
  send(response: CoordinateResponse): void {
    if (!this.#wire.isOpen) return;
    const message = this.#encode(response);
    if (message === undefined) return;
    if (this.#held !== undefined) {
      this.#held.push(message);
    } else if (this.#turns.admits(this)) {
      this.#transmit(message);
    } else {
      this.#held = [message];
      this.#becomes(false);
    }
  }

  takeTurn(): void {
    const oldest = this.#held?.shift();
    if (this.#held?.length === 0) this.#held = undefined;
    if (oldest !== undefined) this.#transmit(oldest);
    if (this.#held !== undefined) this.#turns.wait(this);
    else if (!this.#wire.isFull) this.#becomes(true);
  }

  /** Sends what is held back now, because nothing will be sent after it. */
  flush(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const message of held) this.#transmit(message);
  }

  #transmit(message: Encoded): void {
    if (!this.#wire.isOpen) return;
    this.#wire.send(message);
    this.#sent++;
    if (this.#wire.isFull) this.#becomes(false);
  }

  #becomes(isReady: boolean): void {
    if (this.#isReady === isReady) return;
    this.#isReady = isReady;
    // "Ready" makes the coordinator send, which may make this "not ready" before all have heard of the former: whatever
    // is passed on, it is the state of now.
    for (const listener of [...this.#listeners]) listener.next(this.#isReady);
  }
}
