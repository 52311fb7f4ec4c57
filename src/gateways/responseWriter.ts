import type { Duplex } from 'node:stream';
import { BehaviorSubject, distinctUntilChanged, map } from 'rxjs';
import type { Observable } from 'rxjs';
import type { WebSocket } from 'ws';
import type { CoordinateResponse } from '../proto/gen/tailnet.js';
import type { Subprotocol } from './subprotocols.js';

/** Sends responses over a WebSocket, and says when it has had enough of them. */
export class ResponseWriter {
  /** False from when more than the high-water mark waits until nothing waits any more. */
  readonly ready$: Observable<boolean>;
  readonly #ready$ = new BehaviorSubject(true);
  readonly #webSocket: WebSocket;
  readonly #subprotocol: Subprotocol;
  readonly #highWaterMark: number;
  #sent = 0;

  constructor(webSocket: WebSocket, socket: Duplex, subprotocol: Subprotocol, highWaterMark: number) {
    this.#webSocket = webSocket;
    this.#subprotocol = subprotocol;
    // Below its own mark a socket does not tell that it has drained.
    this.#highWaterMark = Math.max(highWaterMark, socket.writableHighWaterMark);
    // "Ready" makes the coordinator send, which may make this "not ready" before all subscribers have heard of the
    // former: whatever is passed on, it is the state of now.
    this.ready$ = this.#ready$.pipe(
      map(() => this.#ready$.value),
      distinctUntilChanged(),
    );
    socket.on('drain', () => {
      this.release();
    });
  }

  /** How many responses were handed over. */
  get sent(): number {
    return this.#sent;
  }

  /** Something that was sent has not reached the operating system yet. */
  get isBehind(): boolean {
    return this.#webSocket.bufferedAmount > 0;
  }

  /** There is no reason to wait any more: all was sent, or the connection is over, and what comes now is dropped. */
  release(): void {
    if (!this.#ready$.value) this.#ready$.next(true);
  }

  /** Sends a response, or drops it when the connection is closing. Throws when it cannot be encoded. */
  send(response: CoordinateResponse): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    this.#webSocket.send(this.#subprotocol.encode(response), { binary: this.#subprotocol.binary });
    this.#sent++;
    if (this.#ready$.value && this.#webSocket.bufferedAmount > this.#highWaterMark) this.#ready$.next(false);
  }
}
