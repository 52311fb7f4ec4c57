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
  /** Those over which a whole request has come. */
  readonly #spoken = new WeakSet<Socket>();
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
    if (!socket) return;
    this.#sockets.delete(peer);
    this.#sockets.set(peer, socket);
    this.#spoken.add(socket);
  }

  /** The same, by the socket that it has come over: this one, or the one with TLS on it. */
  renewOver(socket: Socket): void {
    this.renew(peerOf(socket));
    keepers.set(socket, this);
  }

  /** A request to connect as a peer has come. Whoever answers it takes care of the socket. */
  remove(peer: string): void {
    this.#sockets.get(peer)?.off('close', this.#forget);
    this.#sockets.delete(peer);
  }

  /** Destroys those over which no whole request has come. */
  destroySilent(): void {
    for (const socket of this.#sockets.values()) if (!this.#spoken.has(socket)) socket.destroy();
  }

  destroyAll(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
  }
}

/** Who counts a socket as unfinished, or did. */
const keepers = new WeakMap<Socket, UnfinishedSockets>();

/** The socket of an answer that goes on, and whose place somebody else counts: it is not given up for others any more. */
export function isFinished(socket: Socket): void {
  keepers.get(socket)?.remove(peerOf(socket));
}
