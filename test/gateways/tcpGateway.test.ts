import { createConnection } from 'node:net';
import type { Socket } from 'node:net';
import { NEVER, Observable } from 'rxjs';
import type { CoordinateResponse } from 'tailnet-coordinator';
import { requestToJson, responseFromJson } from 'tailnet-coordinator/proto';
import { gatewayContract } from 'tailnet-coordinator/testing';
import { linesOf } from '../../examples/linesOf.js';
import { tcpGateway } from '../../examples/tcpGateway.js';

/** What a client hears that connects and says this at first. */
const responses$ = (url: string, first: string, use: (socket: Socket) => void = () => undefined) =>
  new Observable<CoordinateResponse>((subscriber) => {
    const socket = createConnection({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true });
    socket.write(first);
    linesOf(socket).subscribe((line) => subscriber.next(responseFromJson(line)));
    socket.on('error', () => undefined); // "close" follows.
    socket.on('end', () => socket.end());
    socket.on('close', () => subscriber.complete());
    use(socket);
    return () => socket.destroy();
  });

gatewayContract('examples/tcpGateway.ts', () =>
  Promise.resolve({
    gateway: (coordinator, drain$) => tcpGateway(coordinator, 0, drain$),
    client: (url) => ({
      coordinate$: (peerId, requests$ = NEVER, { ready$ = NEVER } = {}) =>
        responses$(url, `${peerId}\n`, (socket) => {
          const sending = requests$.subscribe({
            next: (request) => socket.write(`${requestToJson(request)}\n`),
            complete: () => socket.end(),
          });
          sending.add(ready$.subscribe((isReady) => (isReady ? socket.resume() : socket.pause())));
          socket.on('close', () => sending.unsubscribe());
        }),
    }),
    stranger$: (url) => responses$(url, 'nobody\n'),
    babbler$: (url, peerId) => responses$(url, `${peerId}\nnonsense\n`),
    rambler$: (url, peerId) => responses$(url, `${peerId}\n${'x'.repeat(2_000_000)}`),
    silent$: (url) => responses$(url, ''),
    chatterer$: (url, peerId) =>
      responses$(url, `${peerId}\nnonsense\n`, (socket) => {
        const talking = setInterval(() => socket.write('{}\n'), 100);
        socket.removeAllListeners('end').on('close', () => clearInterval(talking));
      }),
  }),
);
