import { Observable, Subject } from 'rxjs';
import { WebSocket } from 'ws';
import type { Coordinator } from '../../src/api.js';
import { requestToJson, responseFromJson } from '../../src/proto/json.js';
import { CoordinateRequest, CoordinateResponse } from '../../src/proto/gen/tailnet.js';

export type Subprotocol = 'tailnet.v2.proto' | 'tailnet.v2.json';

/** A coordinator at the other end of WebSockets, for test peers to connect to. */
export interface RemoteCoordinator extends Pick<Coordinator, 'coordinate$'> {
  /** The codes with which connections were closed, in order. */
  readonly closeCodes: readonly number[];
}

/** What a peer asks for before its WebSocket is open is sent as soon as it is. */
export const overWebSocket = (url: string, subprotocol: Subprotocol): RemoteCoordinator => {
  const closeCodes: number[] = [];
  return {
    closeCodes,
    coordinate$: (id, requests$ = new Subject<CoordinateRequest>()) =>
      new Observable<CoordinateResponse>((subscriber) => {
        const address = new URL(`/api/v2/coordinate?id=${id}`, url.replace(/^http/, 'ws'));
        const socket = new WebSocket(address, [subprotocol]);
        const waiting: CoordinateRequest[] = [];
        const send = (request: CoordinateRequest): void => {
          if (socket.readyState === WebSocket.CONNECTING) waiting.push(request);
          else if (subprotocol === 'tailnet.v2.json') socket.send(requestToJson(request));
          else socket.send(CoordinateRequest.encode(request).finish());
        };
        socket.on('open', () => {
          waiting.forEach(send);
        });
        socket.on('message', (data: Buffer, isBinary) => {
          subscriber.next(
            isBinary ? CoordinateResponse.decode(new Uint8Array(data)) : responseFromJson(data.toString('utf8')),
          );
        });
        // The close that follows ends the stream.
        socket.on('error', () => undefined);
        socket.on('close', (code) => {
          closeCodes.push(code);
          subscriber.complete();
        });
        const asking = requests$.subscribe({
          next: send,
          complete: () => {
            socket.close();
          },
        });
        return () => {
          asking.unsubscribe();
          socket.terminate();
        };
      }),
  };
};
