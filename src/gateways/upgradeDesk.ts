import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { answerPlainly } from './answerPlainly.js';
import { shuttingDown } from './attendance.js';
import { pathOf } from './handshake.js';
import { refuse } from './refusal.js';

/** Somebody who wants to upgrade. */
export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** A gateway that takes upgrades for some paths of a server. */
export interface UpgradeTaker {
  readonly paths: readonly string[];
  readonly take: (upgrade: Upgrade) => void;
}

/** Milliseconds in which another listener must have begun to read or write. */
const takingTimeout = 10_000;

/**
 * Where all upgrade requests of one server arrive, and go to whoever takes them: each to one gateway, however many there
 * are. What no gateway takes is left to other listeners of the server; if there are none, the first gateway says what
 * there is.
 */
export class UpgradeDesk {
  readonly #server: Server;
  readonly #takers = new Set<UpgradeTaker>();
  /** Paths whose gateway was drained, and has ended. */
  readonly #drained = new Set<string>();
  /** So many answers are not over yet. */
  readonly #pending = new WeakMap<Duplex, number>();
  #isOpen = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** The one of this server. */
  static of(server: Server): UpgradeDesk {
    let desk = desks.get(server);
    if (!desk) desks.set(server, (desk = new UpgradeDesk(server)));
    return desk;
  }

  /** Hands upgrades over until the returned function is called. */
  register(taker: UpgradeTaker): (wasDrained: boolean) => void {
    this.#takers.add(taker);
    for (const path of taker.paths) this.#drained.delete(path);
    this.#openOrClose();
    return (wasDrained) => {
      this.#takers.delete(taker);
      // The server may go on for a while, or for ever: that its peers should go elsewhere is still true.
      if (wasDrained) for (const path of taker.paths) this.#drained.add(path);
      this.#openOrClose();
    };
  }

  #openOrClose(): void {
    const isWanted = this.#takers.size + this.#drained.size > 0;
    if (isWanted === this.#isOpen) return;
    this.#isOpen = isWanted;
    if (isWanted) this.#server.on('upgrade', this.#onUpgrade).on('request', this.#onRequest).on('close', this.#onClose);
    else this.#server.off('upgrade', this.#onUpgrade).off('request', this.#onRequest).off('close', this.#onClose);
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const path = pathOf(request);
    const isWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket';
    const taker = [...this.#takers].find(({ paths }) => paths.includes(path));
    // What is written now would overtake it.
    if (this.#pending.get(socket)) {
      socket.on('error', ignore);
      socket.destroy();
      return;
    }
    if (isWebSocket && taker) {
      taker.take({ request, socket, head });
      return;
    }
    if (!(isWebSocket && this.#drained.has(path)) && this.#server.listenerCount('upgrade') > 1) {
      destroyUnlessTaken(socket);
      return;
    }
    // Nobody else listens any more. "close" follows.
    socket.on('error', ignore);
    const [first] = this.#takers;
    if (isWebSocket && this.#drained.has(path)) refuse(socket, shuttingDown);
    else if (!isWebSocket && this.#othersAnswer() && socket instanceof Socket)
      answerPlainly(this.#server, request, socket);
    else if (first) (taker ?? first).take({ request, socket, head });
    else refuse(socket, { status: 404, reason: 'not found' });
  };

  readonly #onRequest = ({ socket }: IncomingMessage, response: ServerResponse): void => {
    const pending = this.#pending;
    pending.set(socket, (pending.get(socket) ?? 0) + 1);
    response.once('close', () => {
      pending.set(socket, (pending.get(socket) ?? 1) - 1);
    });
  };

  /** Nobody connects to it any more. */
  readonly #onClose = (): void => {
    this.#drained.clear();
    this.#openOrClose();
  };

  #othersAnswer(): boolean {
    return this.#server.listeners('request').some((listener) => listener !== this.#onRequest);
  }
}

/** Node.js has let go of a socket that asks for an upgrade, and bounds and reads it no more. */
function destroyUnlessTaken(socket: Duplex): void {
  const written = bytesWritten(socket);
  const timer = setTimeout(() => {
    const isRead = socket.listenerCount('data') + socket.listenerCount('readable') > 0;
    if (!isRead && bytesWritten(socket) === written) socket.destroy();
  }, takingTimeout).unref();
  socket.once('close', () => {
    clearTimeout(timer);
  });
}

function bytesWritten(socket: Duplex): number {
  return socket instanceof Socket ? socket.bytesWritten : 0;
}

function ignore(): void {
  // Nothing to do: the socket closes itself.
}

const desks = new WeakMap<Server, UpgradeDesk>();
