// A gateway of one's own: peers over TCP. The first line of a peer is its UUID, each line after that is a request in
// JSON, and each line that it gets is a response. docs/gateways.md says why it is as it is; tcpServer.ts runs it.
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { NEVER, Observable, fromEvent, mergeMap, takeUntil } from 'rxjs';
import type { Coordinator } from 'tailnet-coordinator';
import { tcpPeer$ } from './tcpPeer.js';
import type { TcpPeerEvent } from './tcpPeer.js';

type Coordinates = Pick<Coordinator, 'coordinate$'>;

export type TcpEvent = { readonly kind: 'listening'; readonly url: string } | TcpPeerEvent;

/** Serves peers while it is subscribed to. When `drain$` has emitted, nobody new gets in, and it completes with the last. */
export const tcpGateway = (coordinator: Coordinates, port: number, drain$: Observable<unknown> = NEVER) =>
  new Observable<TcpEvent>((events) => {
    const server = createServer({ allowHalfOpen: true, keepAlive: true, keepAliveInitialDelay: 15_000 });
    server.maxConnections = 10_000;
    const sockets$ = fromEvent(server, 'connection').pipe(takeUntil(fromEvent(server, 'close')));
    events.add(sockets$.pipe(mergeMap((socket) => tcpPeer$(coordinator, socket as Socket))).subscribe(events));
    events.add(drain$.subscribe(() => server.close()));
    server.on('error', (error) => events.error(error));
    server.listen(port, '127.0.0.1', () => {
      events.next({ kind: 'listening', url: `tcp://127.0.0.1:${String((server.address() as AddressInfo).port)}` });
    });
    return () => server.close();
  });
