import { defer, Observable, Subscription } from 'rxjs';
import type { SchedulerLike, Subscriber } from 'rxjs';
import type { Coordinator } from '../api.js';
import type { CoordinateRequest, CoordinateResponse } from '../proto/gen/tailnet.js';
import { closeErrors, errorResponse } from '../proto/responses.js';
import { RequestError } from '../proto/validate.js';
import { closeCodeOf, closeCodes, closeReason, isWarning } from './closeCode.js';
import { coordinateAs } from './coordinateAs.js';
import type { GatewayEvent } from './gatewayEvent.js';
import type { GatewayLimits } from './gatewayLimits.js';
import type { Identity } from './identity.js';
import { ReadingBrake } from './readingBrake.js';
import { ResponseWriter } from './responseWriter.js';
import type { SendingTurns } from './sendingTurns.js';
import { TunnelQuota } from './tunnelQuota.js';
import type { MessageCodec, Wire, WireListener } from './wire.js';

/** What all connections of a gateway share. */
export interface Surroundings {
  readonly coordinator: Pick<Coordinator, 'coordinate$'>;
  readonly limits: GatewayLimits;
  readonly scheduler: SchedulerLike;
  readonly turns: SendingTurns;
}

/** A peer who was let in. */
export interface AdmittedPeer<Encoded> {
  readonly identity: Identity;
  readonly remoteAddress: string;
  /** What is spoken, for the event `opened`. */
  readonly protocol: string;
  readonly codec: MessageCodec<Encoded>;
  /** Begins to listen to the wire. What is to end with the connection is added to `lifetime`. */
  readonly open: (listener: WireListener, lifetime: Subscription) => Wire<Encoded>;
}

/**
 * One peer at the end of one wire: its messages become the requests of `coordinate$`, whose responses become messages.
 * Emits `opened` and `closed`, completes when both the wire and the coordinator are done with the peer, and never errors.
 * Unsubscribing says `coordinator closed`, closes the wire with 1001 and leaves the rest to it.
 */
export function peerConnection<Encoded>(
  surroundings: Surroundings,
  admitted: AdmittedPeer<Encoded>,
): Observable<GatewayEvent> {
  return new Observable<GatewayEvent>((subscriber) => {
    const connection = new PeerConnection(surroundings, admitted, subscriber);
    connection.begin();
    return () => {
      connection.leave();
    };
  });
}

/** How this end ended a connection. */
interface Verdict {
  readonly code: number;
  readonly reason: string;
}

class PeerConnection<Encoded> implements WireListener {
  readonly #surroundings: Surroundings;
  readonly #admitted: AdmittedPeer<Encoded>;
  readonly #subscriber: Subscriber<GatewayEvent>;
  readonly #wire: Wire<Encoded>;
  readonly #writer: ResponseWriter<Encoded>;
  readonly #brake: ReadingBrake;
  readonly #quota: TunnelQuota;
  readonly #openedAt: number;
  readonly #coordination = new Subscription();
  /** Whoever listens to the requests: nobody until the coordinator does. */
  #requests: Subscriber<CoordinateRequest> | undefined;
  #areRequestsOver = false;
  #received = 0;
  #lastError = '';
  #saidGoodbye = false;
  #isClosed = false;
  #verdict: Verdict | undefined;

  constructor(surroundings: Surroundings, admitted: AdmittedPeer<Encoded>, subscriber: Subscriber<GatewayEvent>) {
    const { limits, scheduler, turns } = surroundings;
    this.#surroundings = surroundings;
    this.#admitted = admitted;
    this.#subscriber = subscriber;
    this.#openedAt = scheduler.now();
    this.#wire = admitted.open(this, subscriber);
    this.#writer = new ResponseWriter(this.#wire, admitted.codec, turns);
    this.#brake = new ReadingBrake(this.#wire, limits, scheduler);
    this.#quota = new TunnelQuota(limits.maxTunnels);
  }

  begin(): void {
    const { identity, remoteAddress, protocol } = this.#admitted;
    const { id: peerId, name, role } = identity;
    this.#subscriber.next({ kind: 'opened', peerId, name, role, remoteAddress, protocol });
    const requests$ = new Observable<CoordinateRequest>((listener) => {
      this.#requests = listener;
      if (this.#areRequestsOver) listener.complete();
      this.#brake.want();
    });
    const { coordinator } = this.#surroundings;
    const { ready$ } = this.#writer;
    this.#coordination.add(
      defer(() => coordinateAs(coordinator, identity, requests$, ready$)).subscribe({
        next: (response) => {
          this.#respond(response);
        },
        error: (error: unknown) => {
          this.#fail(error);
          this.#coordination.unsubscribe();
        },
        complete: () => {
          const code = closeCodeOf(this.#lastError);
          // A warning from before is no reason for a goodbye.
          this.#close(code, code === closeCodes.goodbye ? '' : this.#lastError);
          this.#coordination.unsubscribe();
        },
      }),
    );
  }

  /** Nobody wants to hear of this connection any more. */
  leave(): void {
    this.#refuse(closeCodes.closed, closeErrors.closed);
  }

  get isBehind(): boolean {
    return this.#writer.isBehind;
  }

  drained(): void {
    this.#writer.drained();
  }

  noise(): void {
    if (!this.#verdict) this.#brake.spend();
  }

  unfit(code: number, reason: string): void {
    if (this.#takesNext()) this.#refuse(code, reason);
  }

  message(data: Buffer): void {
    if (!this.#takesNext()) return;
    let request: CoordinateRequest;
    try {
      request = this.#admitted.codec.decode(data);
    } catch (cause) {
      const problem = cause instanceof Error ? cause.message : String(cause);
      // One that could be read, if anybody wanted to read so much.
      if (cause instanceof RequestError) this.#refuse(closeCodes.refused, problem);
      else this.#refuse(closeCodes.unreadable, `unreadable request: ${problem}`);
      return;
    }
    if (!this.#quota.admits(request)) {
      this.#refuse(closeCodes.refused, `too many tunnels: at most ${String(this.#surroundings.limits.maxTunnels)}`);
      return;
    }
    this.#saidGoodbye ||= request.disconnect !== undefined;
    this.#requests?.next(request);
  }

  ended(): void {
    this.#areRequestsOver = true;
    this.#requests?.complete();
  }

  violated(code: number, reason: string): void {
    this.#judge(code, reason);
    if (!this.#saidGoodbye) this.#coordination.unsubscribe();
  }

  closed(code: number, reason: string): void {
    const { scheduler, limits } = this.#surroundings;
    this.#isClosed = true;
    this.#brake.release();
    this.#writer.release();
    this.#subscriber.next({
      kind: 'closed',
      peerId: this.#admitted.identity.id,
      ...(this.#verdict ?? { code, reason }),
      received: this.#received,
      sent: this.#writer.sent,
      durationMs: scheduler.now() - this.#openedAt,
    });
    // What was accepted from a peer that left in order is done before the peer counts as gone.
    this.ended();
    if (!this.#saidGoodbye && code === closeCodes.broken) this.#coordination.unsubscribe();
    if (this.#coordination.closed) {
      this.#subscriber.complete();
    } else {
      this.#coordination.add(
        scheduler.schedule(() => {
          this.#coordination.unsubscribe();
        }, limits.closeTimeout),
      );
      this.#coordination.add(() => {
        this.#subscriber.complete();
      });
    }
  }

  /** Whether what comes still counts; if so, it is counted. */
  #takesNext(): boolean {
    if (this.#verdict) return false;
    this.#brake.spend();
    this.#received++;
    return true;
  }

  #respond(response: CoordinateResponse): void {
    this.#lastError = response.error;
    // The answer to each of a peer's requests would pile up for a peer that asks and does not read.
    if (isWarning(this.#lastError) && !this.#writer.isReady) return;
    try {
      this.#writer.send(response);
    } catch (error) {
      this.#fail(error);
    }
  }

  #judge(code: number, reason: string): void {
    this.#verdict ??= { code, reason: closeReason(reason) };
  }

  #close(code: number, reason: string): void {
    if (this.#verdict || this.#isClosed) return;
    this.#judge(code, reason);
    this.#writer.flush();
    this.#wire.close(code, reason);
    this.#brake.release();
  }

  /** Ends the connection for a reason that the coordinator knows nothing of. For it, the peer is lost, unless it has said goodbye. */
  #refuse(code: number, reason: string): void {
    if (!this.#verdict && !this.#isClosed) {
      this.#writer.send(errorResponse(reason));
      this.#close(code, reason);
    }
    if (!this.#saidGoodbye) this.#coordination.unsubscribe();
  }

  #fail(error: unknown): void {
    this.#subscriber.next({ kind: 'failed', peerId: this.#admitted.identity.id, error });
    this.#refuse(closeCodes.internal, closeErrors.internal);
  }
}
