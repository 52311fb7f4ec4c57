import { Writable } from 'node:stream';
import type { AnyCall } from './beforeCalls.js';
import { streamOf } from './callStream.js';
import type { GrpcSockets } from './grpcSockets.js';
import { grpcStatus } from './grpcStatus.js';
import type { UnfinishedStreams } from './unfinishedStreams.js';

/** At the same time. Clients that watch the health of what they use have a single one. */
const mostOverOneSocket = 10;

/**
 * Calls that last and are no peer's: health watches and reflection. Nobody has to say who they are to make one, so
 * they are counted, over each socket and over all; one more gets RESOURCE_EXHAUSTED.
 */
export class Inquiries {
  readonly #max: number;
  readonly #closeTimeout: number;
  readonly #sockets: GrpcSockets;
  readonly #streams: UnfinishedStreams;
  readonly #bySocket = new Map<string, number>();
  #total = 0;

  constructor(
    { maxConnections, closeTimeout }: { readonly maxConnections: number; readonly closeTimeout: number },
    sockets: GrpcSockets,
    streams: UnfinishedStreams,
  ) {
    this.#max = maxConnections;
    this.#closeTimeout = closeTimeout;
    this.#sockets = sockets;
    this.#streams = streams;
  }

  /** Whether a call is to be handled. One that is not was answered. */
  readonly admit = (call: AnyCall): boolean => {
    const socket = call.getPeer();
    this.#sockets.called(socket);
    // The others end with their answer.
    if (!(call instanceof Writable)) return true;
    const stream = streamOf(call);
    // It has ended already, and nobody would say so.
    if (stream?.closed || stream?.headersSent) return false;
    const obstacle = this.#obstacle(socket);
    if (obstacle !== undefined) {
      call.emit('error', { code: grpcStatus.resourceExhausted, details: obstacle });
      return false;
    }
    this.#add(socket, 1);
    this.#streams.remove(stream);
    const release = this.#sockets.occupied(socket);
    call.once('cancelled', () => {
      this.#add(socket, -1);
      this.#streams.add(stream, this.#closeTimeout);
      release();
    });
    return true;
  };

  #obstacle(socket: string): string | undefined {
    const what = 'too many health watches and reflections: at most';
    if (this.#countOf(socket) >= mostOverOneSocket) return `${what} ${String(mostOverOneSocket)} over one socket`;
    return this.#total >= this.#max ? `${what} ${String(this.#max)}` : undefined;
  }

  #countOf(socket: string): number {
    return this.#bySocket.get(socket) ?? 0;
  }

  #add(socket: string, change: 1 | -1): void {
    this.#total += change;
    const count = this.#countOf(socket) + change;
    if (count > 0) this.#bySocket.set(socket, count);
    else this.#bySocket.delete(socket);
  }
}
