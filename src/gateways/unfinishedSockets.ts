import type { Socket } from 'node:net';

/** Who is at the other end of a socket, with or without TLS on it: `127.0.0.1:54321`. */
export function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ''}:${String(remotePort)}`;
}

/**
 * The sockets of a server over which no peer is connected yet, or any more, the one that has been silent for longest first.
 * Who connects and says nothing costs others no place: when there are too many, that one is destroyed.
 */
export class UnfinishedSockets {
  readonly #max: number;
  readonly #sockets = new Map<string, Socket>();
  readonly #forget: (this: Socket) => void;

  constructor(max: number) {
    this.#max = max;
    const sockets = this.#sockets;
    this.#forget = function forget() {
      if (sockets.get(peerOf(this)) === this) sockets.delete(peerOf(this));
    };
  }

  /** A socket was accepted. */
  add(socket: Socket): void {
    this.#sockets.set(peerOf(socket), socket);
    socket.on('close', this.#forget);
    if (this.#sockets.size <= this.#max) return;
    const [oldest] = this.#sockets;
    if (oldest === undefined) return;
    const [peer, silent] = oldest;
    silent.destroy();
    this.#sockets.delete(peer);
  }

  /** A whole request has come: its sender is as good as new. */
  renew(peer: string): void {
    const socket = this.#sockets.get(peer);
    if (socket && this.#sockets.delete(peer)) this.#sockets.set(peer, socket);
  }

  /** A request to connect as a peer has come. Whoever answers it takes care of the socket. */
  remove(peer: string): void {
    this.#sockets.get(peer)?.off('close', this.#forget);
    this.#sockets.delete(peer);
  }
}
