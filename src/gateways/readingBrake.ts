import type { Duplex } from 'node:stream';
import type { SchedulerLike, Subscription } from 'rxjs';
import type { WebSocket } from 'ws';
import { RequestBudget } from './requestBudget.js';
import type { WebSocketLimits } from './webSocketOptions.js';

/** Stops reading from a WebSocket: until somebody wants to hear its messages, and while it has sent too many, or too much. */
export class ReadingBrake {
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex & { readonly bytesRead?: number };
  readonly #scheduler: SchedulerLike;
  readonly #messages: RequestBudget;
  readonly #bytes: RequestBudget;
  /** Bytes that were paid for. */
  #paid: number;
  #pause: Subscription | undefined;

  constructor(
    webSocket: WebSocket,
    /** What carries it. One that does not count its bytes is not held to their limit. */
    socket: Duplex,
    limits: Pick<WebSocketLimits, 'requestsPerSecond' | 'requestBurst' | 'bytesPerSecond' | 'byteBurst'>,
    scheduler: SchedulerLike,
  ) {
    const now = scheduler.now();
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#scheduler = scheduler;
    this.#messages = new RequestBudget(limits.requestsPerSecond, limits.requestBurst, now);
    this.#bytes = new RequestBudget(limits.bytesPerSecond, limits.byteBurst, now);
    this.#paid = this.#bytesRead();
    webSocket.pause();
  }

  /** Somebody listens from now on. */
  want(): void {
    if (!this.#pause) this.#webSocket.resume();
  }

  /**
   * A message was read, or a ping or pong. One that goes over a limit is the last for a while, but for what was read
   * together with it. All the bytes count that have come since the last one, whatever they were: the pieces of a message
   * cost more than their content.
   */
  spend(): void {
    const now = this.#scheduler.now();
    const bytes = this.#bytesRead();
    const affordsMessage = this.#messages.spend(now);
    const affordsBytes = this.#bytes.spend(now, bytes - this.#paid);
    this.#paid = bytes;
    if ((affordsMessage && affordsBytes) || this.#pause) return;
    this.#webSocket.pause();
    this.#wait();
  }

  /** Reads on, whatever comes: the close frame of the other end, or nothing. */
  release(): void {
    this.#pause?.unsubscribe();
    this.#pause = undefined;
    this.#webSocket.resume();
  }

  #wait(): void {
    this.#pause = this.#scheduler.schedule(() => {
      this.#pause = undefined;
      // More may have been read since the pause began.
      if (this.#debt() > 0) this.#wait();
      else this.#webSocket.resume();
    }, this.#debt());
  }

  /** Milliseconds until both limits allow to read again. */
  #debt(): number {
    const now = this.#scheduler.now();
    return Math.max(this.#messages.wait(now), this.#bytes.wait(now));
  }

  #bytesRead(): number {
    return this.#socket.bytesRead ?? 0;
  }
}
