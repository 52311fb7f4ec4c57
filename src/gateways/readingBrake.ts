import type { SchedulerLike, Subscription } from 'rxjs';
import type { WebSocket } from 'ws';
import { RequestBudget } from './requestBudget.js';
import type { WebSocketLimits } from './webSocketOptions.js';

/** Stops reading from a WebSocket: until somebody wants to hear its messages, and while it has sent too many. */
export class ReadingBrake {
  readonly #webSocket: WebSocket;
  readonly #scheduler: SchedulerLike;
  readonly #budget: RequestBudget;
  #pause: Subscription | undefined;

  constructor(
    webSocket: WebSocket,
    limits: Pick<WebSocketLimits, 'requestsPerSecond' | 'requestBurst'>,
    scheduler: SchedulerLike,
  ) {
    this.#webSocket = webSocket;
    this.#scheduler = scheduler;
    this.#budget = new RequestBudget(limits.requestsPerSecond, limits.requestBurst, scheduler.now());
    webSocket.pause();
  }

  /** Somebody listens from now on. */
  want(): void {
    if (!this.#pause) this.#webSocket.resume();
  }

  /** A message was read. One that goes over the limit is the last for a while, but for what was read together with it. */
  spend(): void {
    if (this.#budget.spend(this.#scheduler.now()) || this.#pause) return;
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
      if (this.#budget.wait(this.#scheduler.now()) > 0) this.#wait();
      else this.#webSocket.resume();
    }, this.#budget.wait(this.#scheduler.now()));
  }
}
