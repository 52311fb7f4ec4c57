import type { Socket } from 'node:net';
import { BehaviorSubject, Observable, Subject, defer, map, tap, timeout } from 'rxjs';
import { peerAuth } from 'tailnet-coordinator';
import type { CoordinateRequest, Coordinator, Uuid } from 'tailnet-coordinator';
import { closeErrors, errorResponse, parseUuid, requestFromJson, responseToJson } from 'tailnet-coordinator/proto';
import { linesOf } from './linesOf.js';

export type TcpPeerEvent =
  | { readonly kind: 'opened' | 'closed'; readonly peerId: Uuid }
  | { readonly kind: 'failed'; readonly peerId: Uuid; readonly error: unknown };

/** One peer, for as long as its socket is open; unsubscribing ends it. */
export const tcpPeer$ = (coordinator: Pick<Coordinator, 'coordinate$'>, socket: Socket) =>
  new Observable<TcpPeerEvent>((events) => {
    const requests$ = new Subject<CoordinateRequest>();
    const ready$ = new BehaviorSubject(true);
    let id: Uuid | undefined;
    const send = (line: string) => {
      if (socket.writable) ready$.next(socket.write(`${line}\n`));
    };
    const end = (error?: string) => {
      if (error !== undefined) send(responseToJson(errorResponse(error)));
      requests$.complete();
      socket.end().resume();
      setTimeout(() => socket.destroy(), 5_000).unref();
    };
    const connect = (peerId: Uuid) => {
      events.next({ kind: 'opened', peerId: (id = peerId) });
      const responses$ = defer(() => coordinator.coordinate$(peerId, requests$, { auth: peerAuth(), ready$ }));
      responses$.pipe(map(responseToJson)).subscribe({
        next: send,
        error: (error: unknown) => {
          events.next({ kind: 'failed', peerId, error });
          end(closeErrors.internal);
        },
        complete: end,
      });
    };
    const lines$ = linesOf(socket).pipe(timeout({ first: 5_000 }));
    lines$.pipe(tap((line) => (id ? requests$.next(requestFromJson(line)) : connect(parseUuid(line))))).subscribe({
      error: (error: unknown) => end(String(error)),
      complete: () => (id ? requests$.complete() : end()),
    });
    ready$.subscribe((isReady) => (isReady ? socket.resume() : socket.pause()));
    socket.on('drain', () => ready$.next(true));
    socket.on('error', () => undefined); // "close" follows.
    socket.on('close', () => {
      if (id) events.next({ kind: 'closed', peerId: id });
      events.complete();
    });
    return () => end(closeErrors.closed);
  });
