import type { SchedulerLike } from 'rxjs';
import { closeCodes } from '../closeCode.js';
import type { Wire, WireListener } from '../wire.js';
import type { ByteWire } from './byteWire.js';
import { ObjectSplitter } from './objectSplitter.js';
import type { V1WireLimits } from './v1WireLimits.js';
import { WriteDeadline } from './writeDeadline.js';

/**
 * V1 over a stream of bytes: the objects that come in it, whatever its chunks, are messages; and of what is sent, one
 * piece at a time is under way. Each must be taken within a time limit, or the wire breaks off.
 *
 * It stands between what carries the bytes and whoever takes messages, and is a listener to the one and a wire to the
 * other.
 */
export class V1Wire implements Wire<string>, WireListener {
  readonly #bytes: ByteWire;
  readonly #listener: WireListener;
  readonly #objects: ObjectSplitter;
  readonly #deadline: WriteDeadline;
  #isPaused = false;
  #hasEnded = false;

  constructor(
    open: (listener: WireListener) => ByteWire,
    { maxMessageSize, writeTimeout }: V1WireLimits,
    scheduler: SchedulerLike,
    listener: WireListener,
  ) {
    this.#listener = listener;
    this.#objects = new ObjectSplitter(maxMessageSize);
    this.#deadline = new WriteDeadline(writeTimeout, scheduler, () => {
      this.#bytes.terminate(`a write has taken longer than ${String(writeTimeout)} ms`);
    });
    this.#bytes = open(this);
  }

  get bytesRead(): number {
    return this.#bytes.bytesRead;
  }

  pause(): void {
    this.#isPaused = true;
    this.#bytes.pause();
  }

  resume(): void {
    this.#isPaused = false;
    // First what has been read. That may be enough to be paused again.
    this.#deliver();
    if (this.#isWanted()) this.#bytes.resume();
  }

  get isOpen(): boolean {
    return this.#bytes.isOpen;
  }

  get bufferedAmount(): number {
    return this.#bytes.bufferedAmount;
  }

  /** While a piece is under way: what changes meanwhile is merged, and no write waits for another. */
  get isFull(): boolean {
    return this.#deadline.isWriting;
  }

  send(text: string): void {
    this.#deadline.begin();
    this.#bytes.send(text, () => {
      this.#deadline.done();
      if (!this.#deadline.isWriting) this.#listener.drained();
    });
  }

  close(code: number, reason: string): void {
    this.#bytes.close(code, reason);
  }

  message(chunk: Buffer): void {
    this.#objects.push(chunk);
    // A chunk in which nothing ends costs as much as one in which something does.
    if (!this.#deliver() && this.#isWanted()) this.#listener.noise();
  }

  unfit(code: number, reason: string): void {
    this.#listener.unfit(code, reason);
  }

  noise(): void {
    this.#listener.noise();
  }

  drained(): void {
    // Each write says for itself when it is done.
  }

  ended(): void {
    this.#hasEnded = true;
    this.#deliver();
  }

  violated(code: number, reason: string): void {
    this.#listener.violated(code, reason);
  }

  closed(code: number, reason: string): void {
    this.#deadline.cancel();
    this.#listener.closed(code, reason);
  }

  get isBehind(): boolean {
    return this.#listener.isBehind;
  }

  /** Hands over what is complete, for as long as it is wanted. Answers whether anything was. */
  #deliver(): boolean {
    let hasDelivered = false;
    while (this.#isWanted()) {
      const object = this.#objects.next();
      if (object === undefined) {
        this.#finish();
        break;
      }
      hasDelivered = true;
      this.#listener.message(object);
    }
    return hasDelivered;
  }

  /** A method, because the compiler does not see who pauses meanwhile. */
  #isWanted(): boolean {
    return !this.#isPaused;
  }

  /** There is no complete object any more: and there will be none, if the stream is broken or has ended. */
  #finish(): void {
    const { problem, isWithinObject } = this.#objects;
    if (problem !== undefined) this.#listener.unfit(problem.code, problem.reason);
    else if (this.#hasEnded && isWithinObject) {
      this.#listener.unfit(closeCodes.unreadable, 'unreadable request: the stream ended within an object');
    } else if (this.#hasEnded) this.#listener.ended();
  }
}
