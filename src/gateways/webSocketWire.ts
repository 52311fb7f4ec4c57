import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { closeCodeOfViolation, closeCodes, closeReason } from './closeCode.js';
import type { Probed } from './pingWheel.js';
import { bufferOf } from './subprotocols.js';
import type { Subprotocol } from './subprotocols.js';
import type { Wire, WireListener } from './wire.js';

/** In so many periods a peer that cannot have received its ping yet must have received something. */
const patience = 4;

/** A WebSocket as a {@link Wire}, with what tells whether the peer at its end still lives: anything that comes from it. */
export class WebSocketWire implements Wire<Uint8Array | string>, Probed {
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex & { readonly bytesRead?: number };
  readonly #isBinary: boolean;
  readonly #highWaterMark: number;
  readonly #listener: WireListener;
  #heard = true;
  #silentPeriods = 0;

  constructor(
    webSocket: WebSocket,
    /** What carries it. */
    socket: Duplex,
    { name, binary }: Pick<Subprotocol, 'name' | 'binary'>,
    highWaterMark: number,
    listener: WireListener,
  ) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#isBinary = binary;
    // Below its own mark a socket does not tell that it has drained.
    this.#highWaterMark = Math.max(highWaterMark, socket.writableHighWaterMark);
    this.#listener = listener;
    webSocket.on('message', (data: RawData, isBinary) => {
      this.#heard = true;
      if (isBinary === binary) listener.message(bufferOf(data));
      else listener.unfit(closeCodes.wrongFrameKind, wrongKind(name, binary));
    });
    const hearNoise = (): void => {
      this.#heard = true;
      listener.noise();
    };
    webSocket.on('ping', hearNoise);
    // Nobody has to send a pong for a ping.
    webSocket.on('pong', hearNoise);
    webSocket.on('error', (violation) => {
      // If the peer broke the rules, `ws` has sent the close frame already.
      listener.violated(closeCodeOfViolation(violation), violation.message);
    });
    webSocket.on('close', (code, reason) => {
      listener.closed(code, reason.toString('utf8'));
    });
    socket.on('drain', () => {
      listener.drained();
    });
  }

  get bytesRead(): number {
    return this.#socket.bytesRead ?? 0;
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  get isOpen(): boolean {
    return this.#webSocket.readyState === this.#webSocket.OPEN;
  }

  get bufferedAmount(): number {
    return this.#webSocket.bufferedAmount;
  }

  get isFull(): boolean {
    return this.#webSocket.bufferedAmount > this.#highWaterMark;
  }

  /** @param sent called when it has reached the operating system, or never will */
  send(message: Uint8Array | string, sent?: () => void): void {
    this.#webSocket.send(message, { binary: this.#isBinary }, sent);
  }

  close(code: number, reason: string): void {
    this.#webSocket.close(code, closeReason(reason));
  }

  alive(): boolean {
    // Nothing is heard of a peer that is not listened to.
    return this.#heard || this.#webSocket.isPaused;
  }

  probe(): boolean {
    if (this.alive()) {
      this.#heard = false;
      this.#silentPeriods = 0;
      this.#webSocket.ping();
      return true;
    }
    this.#silentPeriods++;
    return this.#listener.isBehind && this.#silentPeriods < patience;
  }

  terminate(reason = 'no sign of life'): void {
    this.#listener.violated(closeCodes.broken, reason);
    this.#webSocket.terminate();
  }
}

function wrongKind(name: string, isBinary: boolean): string {
  const kinds = isBinary ? 'binary frames, not text ones' : 'text frames, not binary ones';
  return `${name} is spoken in ${kinds}`;
}
