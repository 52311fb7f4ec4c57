import { NEVER, Observable, Subscription } from 'rxjs';
import type { Coordinator } from 'tailnet-coordinator';
import { CoordinateRequest, CoordinateResponse } from 'tailnet-coordinator/proto';
import { WebSocket } from 'ws';

/**
 * The coordinator at a URL, as far as peers need it: `coordinate$` connects when it is subscribed to. While `ready$` is
 * false it reads nothing, so that what changes merges at the coordinator. Errors when it cannot connect.
 */
export const webSocketClient = (url: string): Pick<Coordinator, 'coordinate$'> => ({
  coordinate$: (peerId, requests$ = NEVER, { name = peerId, ready$ = NEVER } = {}) =>
    new Observable<CoordinateResponse>((responses) => {
      const who = new URLSearchParams({ id: peerId, name });
      const socket = new WebSocket(`${url}?${who.toString()}`, 'tailnet.v2.proto');
      const connected = new Subscription();
      socket.on('open', () => {
        connected.add(ready$.subscribe((isReady) => (isReady ? socket.resume() : socket.pause())));
        connected.add(
          requests$.subscribe({
            next: (request) => socket.send(CoordinateRequest.encode(request).finish()),
            // After all that was sent.
            complete: () => socket.close(1000),
          }),
        );
      });
      socket.on('message', (data: Buffer) => responses.next(CoordinateResponse.decode(data)));
      socket.on('error', (error) => responses.error(error));
      socket.on('close', () => responses.complete());
      return () => {
        connected.unsubscribe();
        socket.terminate();
      };
    }),
});
