import type { Duplex } from 'node:stream';
import { defer, Observable, Subscription } from 'rxjs';
import type { SchedulerLike, Subscriber } from 'rxjs';
import type { RawData, WebSocket } from 'ws';
import type { Coordinator } from '../coordinator.js';
import type { CoordinateRequest } from '../proto/gen/tailnet.js';
import { closeErrors, errorResponse } from '../proto/responses.js';
import { closeCodeOf, closeCodeOfViolation, closeCodes, closeReason, isWarning } from './closeCode.js';
import { coordinateAs } from './coordinateAs.js';
import type { GatewayEvent } from './gatewayEvent.js';
import type { Identity } from './identity.js';
import type { PingWheel } from './pingWheel.js';
import { ReadingBrake } from './readingBrake.js';
import { ResponseWriter } from './responseWriter.js';
import type { SendingTurns } from './sendingTurns.js';
import { SignOfLife } from './signOfLife.js';
import { bufferOf } from './subprotocols.js';
import type { Subprotocol } from './subprotocols.js';
import { TunnelQuota } from './tunnelQuota.js';
import type { WebSocketLimits } from './webSocketOptions.js';

/** What all connections of a gateway share. */
export interface ConnectionSurroundings {
  readonly coordinator: Pick<Coordinator, 'coordinate$'>;
  readonly limits: WebSocketLimits;
  readonly scheduler: SchedulerLike;
  readonly wheel: PingWheel;
  readonly turns: SendingTurns;
}

/** A WebSocket whose handshake has just ended. */
export interface OpenedWebSocket {
  readonly webSocket: WebSocket;
  /** What carries it. */
  readonly socket: Duplex;
  readonly identity: Identity;
  readonly subprotocol: Subprotocol;
  readonly remoteAddress: string;
}

/**
 * One peer at the end of one WebSocket: its messages become the requests of `coordinate$`, whose responses become
 * messages. Emits `opened` and `closed`, completes when both the socket and the coordinator are done with the peer,
 * and never errors. Unsubscribing says `coordinator closed`, closes with 1001 and leaves the rest to `closeTimeout`.
 */
export function webSocketConnection(
  { coordinator, limits, scheduler, wheel, turns }: ConnectionSurroundings,
  { webSocket, socket, identity, subprotocol, remoteAddress }: OpenedWebSocket,
): Observable<GatewayEvent> {
  return new Observable<GatewayEvent>((subscriber) => {
    const { id: peerId, name, role } = identity;
    const openedAt = scheduler.now();
    const writer = new ResponseWriter(webSocket, socket, { subprotocol, highWaterMark: limits.highWaterMark, turns });
    const brake = new ReadingBrake(webSocket, socket, limits, scheduler);
    const quota = new TunnelQuota(limits.maxTunnels);
    /** Whoever listens to the requests: nobody until the coordinator does. */
    let requests: Subscriber<CoordinateRequest> | undefined;
    let areRequestsOver = false;
    const coordination = new Subscription();
    let received = 0;
    let lastError = '';
    let saidGoodbye = false;
    let isClosed = false;
    /** How this end ended the connection, once it did. */
    let verdict: { readonly code: number; readonly reason: string } | undefined;

    const judge = (code: number, text: string): void => {
      verdict ??= { code, reason: closeReason(text) };
    };
    const sign = new SignOfLife(webSocket, writer, judge);
    const unwatch = wheel.watch(sign);

    const close = (code: number, text: string): void => {
      if (verdict || isClosed) return;
      judge(code, text);
      writer.flush();
      webSocket.close(code, closeReason(text));
      brake.release();
    };

    /** Ends the connection for a reason that the coordinator knows nothing of. For it, the peer is lost, unless it has said goodbye. */
    const refuse = (code: number, text: string): void => {
      if (!verdict && !isClosed) {
        writer.send(errorResponse(text));
        close(code, text);
      }
      if (!saidGoodbye) coordination.unsubscribe();
    };

    const fail = (error: unknown): void => {
      subscriber.next({ kind: 'failed', peerId, error });
      refuse(closeCodes.internal, closeErrors.internal);
    };

    const receive = (data: Buffer, isBinary: boolean): void => {
      if (isBinary !== subprotocol.binary) {
        const kinds = isBinary ? 'text frames, not binary ones' : 'binary frames, not text ones';
        refuse(closeCodes.wrongFrameKind, `${subprotocol.name} is spoken in ${kinds}`);
        return;
      }
      let request: CoordinateRequest;
      try {
        request = subprotocol.decode(data);
      } catch (cause) {
        refuse(closeCodes.unreadable, `unreadable request: ${cause instanceof Error ? cause.message : String(cause)}`);
        return;
      }
      if (!quota.admits(request)) {
        refuse(closeCodes.refused, `too many tunnels: at most ${String(limits.maxTunnels)}`);
        return;
      }
      saidGoodbye ||= request.disconnect !== undefined;
      requests?.next(request);
    };

    webSocket.on('message', (data: RawData, isBinary) => {
      sign.note();
      if (verdict) return;
      brake.spend();
      received++;
      receive(bufferOf(data), isBinary);
    });
    webSocket.on('ping', () => {
      sign.note();
      if (!verdict) brake.spend();
    });
    webSocket.on('pong', () => {
      sign.note();
      // Nobody has to send a pong for a ping.
      if (!verdict) brake.spend();
    });
    webSocket.on('error', (violation) => {
      // If the peer broke the rules, `ws` has sent the close frame already.
      judge(closeCodeOfViolation(violation), violation.message);
      if (!saidGoodbye) coordination.unsubscribe();
    });
    webSocket.on('close', (code, reason) => {
      isClosed = true;
      brake.release();
      writer.release();
      subscriber.next({
        kind: 'closed',
        peerId,
        ...(verdict ?? { code, reason: reason.toString('utf8') }),
        received,
        sent: writer.sent,
        durationMs: scheduler.now() - openedAt,
      });
      // What was accepted from a peer that left in order is done before the peer counts as gone.
      areRequestsOver = true;
      requests?.complete();
      if (!saidGoodbye && code === closeCodes.broken) coordination.unsubscribe();
      if (coordination.closed) {
        subscriber.complete();
      } else {
        coordination.add(
          scheduler.schedule(() => {
            coordination.unsubscribe();
          }, limits.closeTimeout),
        );
        coordination.add(() => {
          subscriber.complete();
        });
      }
    });

    subscriber.next({ kind: 'opened', peerId, name, role, remoteAddress, protocol: subprotocol.name });

    const requests$ = new Observable<CoordinateRequest>((listener) => {
      requests = listener;
      if (areRequestsOver) listener.complete();
      brake.want();
    });
    const { ready$ } = writer;
    coordination.add(
      defer(() => coordinateAs(coordinator, identity, requests$, ready$)).subscribe({
        next: (response) => {
          lastError = response.error;
          // The answer to each of a peer's requests would pile up for a peer that asks and does not read.
          if (isWarning(lastError) && !writer.isReady) return;
          try {
            writer.send(response);
          } catch (error) {
            fail(error);
          }
        },
        error: (error: unknown) => {
          fail(error);
          coordination.unsubscribe();
        },
        complete: () => {
          const code = closeCodeOf(lastError);
          // A warning from before is no reason for a goodbye.
          close(code, code === closeCodes.goodbye ? '' : lastError);
          coordination.unsubscribe();
        },
      }),
    );

    return () => {
      unwatch();
      refuse(closeCodes.closed, closeErrors.closed);
    };
  });
}
