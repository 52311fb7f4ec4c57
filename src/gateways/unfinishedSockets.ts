import type { Socket } from 'node:net';

/**
 * The sockets of a server over which nothing but HTTP was spoken yet, the one that has been silent for longest first. Who
 * connects and says nothing costs others no place: when there are too many, that one is destroyed.
 */
export class UnfinishedSockets {
  readonly #max: number;
  readonly #sockets = new Set<Socket>();
  readonly #forget: (this: Socket) => void;

  constructor(max: number) {
    this.#max = max;
    const sockets = this.#sockets;
    this.#forget = function forget() {
      sockets.delete(this);
    };
  }

  /** A socket was accepted. */
  add(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', this.#forget);
    if (this.#sockets.size <= this.#max) return;
    const [oldest] = this.#sockets;
    oldest?.destroy();
    if (oldest) this.#sockets.delete(oldest);
  }

  /** A whole request has come: its sender is as good as new. */
  renew(socket: Socket): void {
    if (this.#sockets.delete(socket)) this.#sockets.add(socket);
  }

  /** A request to speak something else has come. Whoever answers it takes care of the socket. */
  remove(socket: Socket): void {
    this.#sockets.delete(socket);
    socket.off('close', this.#forget);
  }
}
