import type { Socket } from 'node:net';
import type { SchedulerLike, Subscription } from 'rxjs';
import type { GatewayLimits } from './gatewayLimits.js';
import { peerOf, UnfinishedSockets } from './unfinishedSockets.js';

/** Told of the calls that come over the sockets of a server. */
export interface CallWatch {
  /** A call has come from there: whoever it is speaks gRPC. */
  readonly called: (peer: string) => void;
  /** Somebody is served over it, a peer or who watches health, until what is returned is called. */
  readonly occupied: (peer: string) => () => void;
}

interface Entry {
  readonly socket: Socket;
  /** How many are served over it. */
  occupants: number;
  /** Destroys it unless something happens before. */
  timer: Subscription;
}

/**
 * The sockets of a gRPC server, with or without TLS on them. Those over which nobody is served yet, or any more, are
 * bounded; without a call a socket is destroyed after the time for a handshake, and so is one that
 * is left over when the server stops.
 */
export class GrpcSockets implements CallWatch {
  readonly #limits: Pick<GatewayLimits, 'handshakeTimeout' | 'closeTimeout'>;
  readonly #scheduler: SchedulerLike;
  readonly #unfinished: UnfinishedSockets;
  readonly #entries = new Map<string, Entry>();
  #isStopping = false;

  constructor(
    limits: Pick<GatewayLimits, 'maxUnfinished' | 'handshakeTimeout' | 'closeTimeout'>,
    scheduler: SchedulerLike,
  ) {
    this.#limits = limits;
    this.#scheduler = scheduler;
    this.#unfinished = new UnfinishedSockets(limits.maxUnfinished);
  }

  accepted(socket: Socket): void {
    const peer = peerOf(socket);
    const entry: Entry = { socket, occupants: 0, timer: this.#destroyAfter(socket, this.#limits.handshakeTimeout) };
    this.#entries.set(peer, entry);
    socket.once('close', () => {
      entry.timer.unsubscribe();
      if (this.#entries.get(peer) === entry) this.#entries.delete(peer);
    });
    this.#unfinished.add(socket);
  }

  readonly called = (peer: string): void => {
    if (!this.#isStopping) this.#entries.get(peer)?.timer.unsubscribe();
    this.#unfinished.renew(peer);
  };

  readonly occupied = (peer: string): (() => void) => {
    const entry = this.#entries.get(peer);
    if (!entry) return () => undefined;
    entry.timer.unsubscribe();
    entry.occupants++;
    this.#unfinished.remove(peer);
    return () => {
      entry.occupants--;
      if (entry.occupants > 0 || entry.socket.destroyed) return;
      this.#unfinished.add(entry.socket);
      if (this.#isStopping) this.#expire(entry);
    };
  };

  /** From now on a socket is destroyed some time after the last occupant has gone from it. */
  stop(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    for (const entry of this.#entries.values()) if (entry.occupants === 0) this.#expire(entry);
  }

  #expire(entry: Entry): void {
    entry.timer.unsubscribe();
    entry.timer = this.#destroyAfter(entry.socket, this.#limits.closeTimeout);
  }

  #destroyAfter(socket: Socket, delay: number): Subscription {
    return this.#scheduler.schedule(() => socket.destroy(), delay);
  }
}
