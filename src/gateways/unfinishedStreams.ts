import { constants } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import type { SchedulerLike, Subscription } from 'rxjs';

/**
 * The streams over which nobody is served: yet, because a request is not complete, or any more, because the call was
 * refused or has ended and its client keeps its half open. One that stays so for long is reset, and when there are too many,
 * so is the one that was added first.
 */
export class UnfinishedStreams {
  readonly #max: number;
  readonly #scheduler: SchedulerLike;
  readonly #timers = new Map<ServerHttp2Stream, Subscription>();
  readonly #forget: (this: ServerHttp2Stream) => void;

  constructor(max: number, scheduler: SchedulerLike) {
    this.#max = max;
    this.#scheduler = scheduler;
    const remove = (stream: ServerHttp2Stream): void => {
      this.remove(stream);
    };
    this.#forget = function forget() {
      remove(this);
    };
  }

  /** Nobody is served over it, from now on. @param patience milliseconds that it may go on like that */
  add(stream: ServerHttp2Stream | undefined, patience: number): void {
    if (!stream) return;
    this.remove(stream);
    if (stream.closed) return;
    const timer = this.#scheduler.schedule(() => {
      reset(stream);
    }, patience);
    this.#timers.set(stream, timer);
    stream.once('close', this.#forget);
    if (this.#timers.size <= this.#max) return;
    const [oldest] = this.#timers.keys();
    if (oldest === undefined) return;
    this.remove(oldest);
    reset(oldest);
  }

  /** Somebody is served over it, who is counted elsewhere. */
  remove(stream: ServerHttp2Stream | undefined): void {
    if (!stream) return;
    this.#timers.get(stream)?.unsubscribe();
    if (this.#timers.delete(stream)) stream.off('close', this.#forget);
  }
}

/** A client that knows how its call has ended need not send any more; without an answer it is asked to calm down. */
function reset(stream: ServerHttp2Stream): void {
  stream.close(stream.writableFinished ? constants.NGHTTP2_NO_ERROR : constants.NGHTTP2_ENHANCE_YOUR_CALM);
}
