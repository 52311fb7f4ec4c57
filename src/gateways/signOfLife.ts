import type { WebSocket } from 'ws';
import { closeCodes } from './closeCode.js';
import type { Probed } from './pingWheel.js';
import type { ResponseWriter } from './responseWriter.js';

/** In so many periods a peer that cannot have received its ping yet must have received something. */
const patience = 4;

/** Whether the peer at the end of a WebSocket still lives: anything that comes from it says so. */
export class SignOfLife implements Probed {
  readonly #webSocket: WebSocket;
  readonly #writer: ResponseWriter;
  readonly #onDeath: (code: number, reason: string) => void;
  #heard = true;
  #silentPeriods = 0;

  /** @param onDeath told before the socket is destroyed */
  constructor(webSocket: WebSocket, writer: ResponseWriter, onDeath: (code: number, reason: string) => void) {
    this.#webSocket = webSocket;
    this.#writer = writer;
    this.#onDeath = onDeath;
  }

  /** Something came. */
  note(): void {
    this.#heard = true;
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
    return this.#writer.isBehind && this.#silentPeriods < patience;
  }

  terminate(): void {
    this.#onDeath(closeCodes.broken, 'no sign of life');
    this.#webSocket.terminate();
  }
}
