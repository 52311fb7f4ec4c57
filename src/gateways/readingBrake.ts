import type { SchedulerLike, Subscription } from 'rxjs';
import type { GatewayLimits } from './gatewayLimits.js';
import { RequestBudget } from './requestBudget.js';
import type { Wire } from './wire.js';

/** Stops reading from a wire: until somebody wants to hear its messages, and while it has brought too many, or too much. */
export class ReadingBrake {
  readonly #wire: Pick<Wire<never>, 'bytesRead' | 'pause' | 'resume'>;
  readonly #scheduler: SchedulerLike;
  readonly #messages: RequestBudget;
  readonly #bytes: RequestBudget;
  /** Bytes that were paid for. */
  #paid: number;
  #pause: Subscription | undefined;

  constructor(
    /** One that does not count its bytes is not held to their limit. */
    wire: Pick<Wire<never>, 'bytesRead' | 'pause' | 'resume'>,
    limits: Pick<GatewayLimits, 'requestsPerSecond' | 'requestBurst' | 'bytesPerSecond' | 'byteBurst'>,
    scheduler: SchedulerLike,
  ) {
    const now = scheduler.now();
    this.#wire = wire;
    this.#scheduler = scheduler;
    this.#messages = new RequestBudget(limits.requestsPerSecond, limits.requestBurst, now);
    this.#bytes = new RequestBudget(limits.bytesPerSecond, limits.byteBurst, now);
    this.#paid = wire.bytesRead;
    wire.pause();
  }

  /** Somebody listens from now on. */
  want(): void {
    if (!this.#pause) this.#wire.resume();
  }

  /**
   * A message was read, or something that costs as much. One that goes over a limit is the last for a while, but for what
   * was read together with it. All the bytes count that have come since the last one, whatever they were: the pieces of a
   * message cost more than their content.
   */
  spend(): void {
    const now = this.#scheduler.now();
    const bytes = this.#wire.bytesRead;
    const affordsMessage = this.#messages.spend(now);
    const affordsBytes = this.#bytes.spend(now, bytes - this.#paid);
    this.#paid = bytes;
    if ((affordsMessage && affordsBytes) || this.#pause) return;
    this.#wire.pause();
    this.#wait();
  }

  /** Reads on, whatever comes: what the other end still says, or nothing. */
  release(): void {
    this.#pause?.unsubscribe();
    this.#pause = undefined;
    this.#wire.resume();
  }

  #wait(): void {
    this.#pause = this.#scheduler.schedule(() => {
      this.#pause = undefined;
      // More may have been read since the pause began.
      if (this.#debt() > 0) this.#wait();
      else this.#wire.resume();
    }, this.#debt());
  }

  /** Milliseconds until both limits allow to read again. */
  #debt(): number {
    const now = this.#scheduler.now();
    return Math.max(this.#messages.wait(now), this.#bytes.wait(now));
  }
}
