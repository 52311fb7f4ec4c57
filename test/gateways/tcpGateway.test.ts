import { createConnection, type Socket } from 'node:net';
import { NEVER, Observable } from 'rxjs';
import { requestToJson, responseFromJson } from 'tailnet-coordinator/proto';
import { gatewayContract } from 'tailnet-coordinator/testing';
import type { CoordinateResponse } from 'tailnet-coordinator';
import { createInterface } from 'node:readline';
import { tcpGateway } from '../../examples/tcpGateway.js';

/** What a client hears that connects and says this at first. */
const responses$ = (url: string, firstLine: string, use: (socket: Socket) => void = () => undefined) =>
  new Observable<CoordinateResponse>((subscriber) => {
    const socket = createConnection({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true });
    socket.write(`${firstLine}\n`);
    const lines = createInterface({ input: socket });
    lines.on('line', (line) => subscriber.next(responseFromJson(line)));
    // "close" follows. The reader passes on the error of its socket.
    for (const emitter of [lines, socket]) emitter.on('error', () => undefined);
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
        responses$(url, peerId, (socket) => {
          const sending = requests$.subscribe({
            next: (request) => socket.write(`${requestToJson(request)}\n`),
            complete: () => socket.end(),
          });
          sending.add(ready$.subscribe((ready) => (ready ? socket.resume() : socket.pause())));
          socket.on('close', () => sending.unsubscribe());
        }),
    }),
    stranger$: (url) => responses$(url, 'nobody'),
    babbler$: (url, peerId) => responses$(url, `${peerId}\nnonsense`),
  }),
);
