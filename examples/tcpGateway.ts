// A gateway of one's own: peers over TCP. The first line of a peer is its UUID, each line after that is a request in
// JSON, and each line that it gets is a response. docs/gateways.md says why it is as it is; tcpServer.ts runs it.
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import {
  BehaviorSubject,
  NEVER,
  Observable,
  Subject,
  defer,
  fromEvent,
  map,
  mergeMap,
  takeUntil,
  tap,
  timeout,
} from 'rxjs';
import { peerAuth } from 'tailnet-coordinator';
import type { CoordinateRequest, Coordinator, Uuid } from 'tailnet-coordinator';
import { closeErrors, errorResponse, parseUuid, requestFromJson, responseToJson } from 'tailnet-coordinator/proto';
import { linesOf } from './linesOf.js';

type Coordinates = Pick<Coordinator, 'coordinate$'>;

export type TcpEvent =
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'opened' | 'closed'; readonly peerId: Uuid }
  | { readonly kind: 'failed'; readonly peerId: Uuid; readonly error: unknown };

/** Serves peers while it is subscribed to. When `drain$` has emitted, nobody new gets in, and it completes with the last. */
export const tcpGateway = (coordinator: Coordinates, port: number, drain$: Observable<unknown> = NEVER) =>
  new Observable<TcpEvent>((events) => {
    const server = createServer({ allowHalfOpen: true, keepAlive: true, keepAliveInitialDelay: 15_000 });
    server.maxConnections = 10_000;
    const sockets$ = fromEvent(server, 'connection').pipe(takeUntil(fromEvent(server, 'close')));
    events.add(sockets$.pipe(mergeMap((socket) => peer$(coordinator, socket as Socket))).subscribe(events));
    events.add(drain$.subscribe(() => server.close()));
    server.on('error', (error) => events.error(error));
    server.listen(port, '127.0.0.1', () => {
      events.next({ kind: 'listening', url: `tcp://127.0.0.1:${String((server.address() as AddressInfo).port)}` });
    });
    return () => server.close();
  });

/** One peer, for as long as its socket is open; unsubscribing ends it. */
const peer$ = (coordinator: Coordinates, socket: Socket) =>
  new Observable<TcpEvent>((events) => {
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
