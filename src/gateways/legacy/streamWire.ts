import { finished } from 'node:stream';
import type { Duplex } from 'node:stream';
import type { SchedulerLike, Subscription } from 'rxjs';
import { closeCodes } from '../closeCode.js';
import type { GatewayLimits } from '../gatewayLimits.js';
import type { WireListener } from '../wire.js';
import type { ByteWire } from './byteWire.js';

/** Any duplex stream of Node.js as a wire. It says nothing of close codes to the other end: its bytes end, that is all. */
export class StreamWire implements ByteWire {
  readonly #stream: Duplex;
  readonly #limits: Pick<GatewayLimits, 'highWaterMark' | 'closeTimeout'>;
  readonly #scheduler: SchedulerLike;
  readonly #listener: WireListener;
  #bytesRead = 0;
  #hasEnded = false;
  #isClosing = false;
  #closing: Subscription | undefined;

  constructor(
    stream: Duplex,
    limits: Pick<GatewayLimits, 'highWaterMark' | 'closeTimeout'>,
    scheduler: SchedulerLike,
    listener: WireListener,
  ) {
    this.#stream = stream;
    this.#limits = limits;
    this.#scheduler = scheduler;
    this.#listener = listener;
    stream.on('data', (chunk: unknown) => {
      const bytes = bytesOf(chunk);
      if (bytes === undefined) {
        listener.unfit(closeCodes.wrongFrameKind, 'the stream brings objects, not bytes');
        return;
      }
      this.#bytesRead += bytes.length;
      listener.message(bytes);
    });
    stream.on('end', () => {
      this.#hasEnded = true;
      listener.ended();
    });
    stream.on('drain', () => {
      listener.drained();
    });
    // Also of a stream that is over already, and of one that never says "close".
    finished(stream, (error) => {
      this.#over(error);
    });
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  get isOpen(): boolean {
    return !this.#isClosing && this.#stream.writable;
  }

  get bufferedAmount(): number {
    return this.#stream.writableLength;
  }

  get isFull(): boolean {
    // Below its own mark a stream does not tell that it has drained.
    return this.#stream.writableLength > Math.max(this.#limits.highWaterMark, this.#stream.writableHighWaterMark);
  }

  send(text: string, sent?: () => void): void {
    this.#stream.write(text, 'utf8', sent);
  }

  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#stream.end();
    // What still comes is read and thrown away, for the end comes after it.
    this.#closing = this.#scheduler.schedule(() => {
      this.#stream.destroy();
    }, this.#limits.closeTimeout);
  }

  terminate(reason: string): void {
    this.#listener.violated(closeCodes.broken, reason);
    this.#stream.destroy();
  }

  #over(error: Error | null | undefined): void {
    this.#isClosing = true;
    this.#closing?.unsubscribe();
    // Both sides have ended, but the stream may not destroy itself.
    this.#stream.destroy();
    const isInOrder = this.#hasEnded && !error;
    if (isInOrder) this.#listener.closed(closeCodes.goodbye, '');
    else this.#listener.closed(closeCodes.broken, error?.message ?? '');
  }
}

/** Undefined for an object of a stream of objects. */
function bytesOf(chunk: unknown): Buffer | undefined {
  if (Buffer.isBuffer(chunk)) return chunk;
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  return typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : undefined;
}
