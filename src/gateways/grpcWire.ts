import { constants } from 'node:http2';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { SchedulerLike, Subscription } from 'rxjs';
import { bufferOf } from '../proto/bufferOf.js';
import { streamOf } from './callStream.js';
import { closeCodes } from './closeCode.js';
import type { GatewayLimits } from './gatewayLimits.js';
import { grpcStatus, statusOfClosing } from './grpcStatus.js';
import type { Wire, WireListener } from './wire.js';

/** A call of `Coordinate`. Its messages are bytes: what is encoded once for many is not encoded again by grpc-js. */
export type CoordinateCall = ServerDuplexStream<Buffer, Buffer>;

/** What a message costs beside its own bytes: five before it, and a frame of HTTP/2 around it. */
const envelopeSize = 14;

/**
 * A gRPC call as a {@link Wire}: the bridge between its streams and the Observables of a coordinator. It has flow control
 * in both directions. A call that is paused lets its window of HTTP/2 fill, and the client has to wait; a client that does
 * not read makes the call full, and the coordinator waits.
 */
export class GrpcWire implements Wire<Uint8Array> {
  readonly #call: CoordinateCall;
  readonly #limits: Pick<GatewayLimits, 'highWaterMark' | 'closeTimeout'>;
  readonly #scheduler: SchedulerLike;
  readonly #listener: WireListener;
  readonly #letGo: (call: CoordinateCall) => void;
  #bytesRead = 0;
  #waiting = 0;
  #isOpen = true;
  #isOver = false;
  #timer: Subscription | undefined;

  /** @param letGo takes care of the call when it is over, whose client may go on sending */
  constructor(
    call: CoordinateCall,
    limits: Pick<GatewayLimits, 'highWaterMark' | 'closeTimeout'>,
    scheduler: SchedulerLike,
    listener: WireListener,
    letGo: (call: CoordinateCall) => void,
  ) {
    this.#call = call;
    this.#limits = limits;
    this.#scheduler = scheduler;
    this.#listener = listener;
    this.#letGo = letGo;
    call.pause();
    call.on('data', (message: Buffer) => {
      this.#bytesRead += message.length + envelopeSize;
      listener.message(message);
    });
    call.on('end', () => {
      // A call that is cancelled ends as well, a moment before it says that it was.
      if (this.#isOpen) this.#after(0, () => listener.ended());
    });
    call.on('cancelled', () => {
      const { code, reason } = endingOf(call);
      if (this.#isOpen) listener.violated(code, reason);
      this.#finish(code, reason);
    });
  }

  get bytesRead(): number {
    return this.#bytesRead;
  }

  pause(): void {
    this.#call.pause();
  }

  resume(): void {
    this.#call.resume();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get bufferedAmount(): number {
    return this.#waiting;
  }

  get isFull(): boolean {
    return this.#call.writableNeedDrain || this.#waiting > this.#limits.highWaterMark;
  }

  send(message: Uint8Array): void {
    const cost = message.length + envelopeSize;
    this.#waiting += cost;
    this.#call.write(bufferOf(message), () => {
      this.#waiting -= cost;
      if (this.#waiting === 0) this.#listener.drained();
    });
  }

  /** A client that does not read until the status is cut off after `closeTimeout`. */
  close(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const status = statusOfClosing(code, reason);
    // In grpc-js a status other than OK is an error of the call, which it sends after all messages.
    if (status.code === grpcStatus.ok) this.#call.end();
    else this.#call.emit('error', status);
    this.#after(this.#limits.closeTimeout, () => {
      streamOf(this.#call)?.close(constants.NGHTTP2_CANCEL);
      this.#finish(closeCodes.broken, 'did not read to the end');
    });
  }

  #after(delay: number, work: () => void): void {
    this.#timer?.unsubscribe();
    this.#timer = this.#scheduler.schedule(work, delay);
  }

  #finish(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#isOpen = false;
    this.#timer?.unsubscribe();
    this.#letGo(this.#call);
    this.#listener.closed(code, reason);
  }
}

const codeOfStatus: ReadonlyMap<unknown, number> = new Map([
  // A message, or what it unpacks to.
  [grpcStatus.resourceExhausted, closeCodes.tooLarge],
  // What is not packed as it says.
  [grpcStatus.internal, closeCodes.unreadable],
  [grpcStatus.unimplemented, closeCodes.unreadable],
]);

/** How a call has ended that was not ended here: by its client, or, before a message reached anybody, by grpc-js. */
function endingOf(call: CoordinateCall): { readonly code: number; readonly reason: string } {
  const stream = streamOf(call);
  const sent = stream?.sentTrailers ?? stream?.sentHeaders;
  const message = sent?.['grpc-message'];
  return {
    code: codeOfStatus.get(sent?.['grpc-status']) ?? closeCodes.broken,
    reason: typeof message === 'string' ? decodeURI(message) : '',
  };
}
