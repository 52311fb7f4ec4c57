import { NEVER, Observable, Subscription } from 'rxjs';
import type { Coordinator } from 'tailnet-coordinator';
import { CoordinateRequest, CoordinateResponse } from 'tailnet-coordinator/proto';
import { WebSocket } from 'ws';

/**
 * The coordinator at a URL, as far as peers need it: `coordinate$` connects when it is subscribed to. While `ready$` is
 * false it reads nothing, so that what changes merges at the coordinator. Errors when it cannot connect, or
 * when what it reads is no response.
 */
export const webSocketClient = (url: string): Pick<Coordinator, 'coordinate$'> => ({
  coordinate$: (peerId, requests$ = NEVER, { name = peerId, ready$ = NEVER } = {}) =>
    new Observable<CoordinateResponse>((responses) => {
      const who = new URLSearchParams({ id: peerId, name });
      const socket = new WebSocket(`${url}?${who.toString()}`, 'tailnet.v2.proto');
      // They are listened to at once. What they say before the socket is open waits.
      const unsent: CoordinateRequest[] = [];
      let hasSaidAll = false;
      const send = () => {
        if (socket.readyState !== WebSocket.OPEN) return;
        for (const request of unsent.splice(0)) socket.send(CoordinateRequest.encode(request).finish());
        if (hasSaidAll) socket.close(1000);
      };
      const heard = new Subscription();
      heard.add(
        requests$.subscribe({
          next: (request) => {
            unsent.push(request);
            send();
          },
          complete: () => {
            hasSaidAll = true;
            send();
          },
        }),
      );
      socket.on('open', () => {
        send();
        heard.add(ready$.subscribe((isReady) => (isReady ? socket.resume() : socket.pause())));
      });
      socket.on('message', (data: Buffer) => {
        try {
          responses.next(CoordinateResponse.decode(data));
        } catch (error) {
          responses.error(error);
        }
      });
      socket.on('error', (error) => responses.error(error));
      socket.on('close', () => responses.complete());
      return () => {
        heard.unsubscribe();
        socket.terminate();
      };
    }),
});
