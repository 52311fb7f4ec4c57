import { Observable } from 'rxjs';
import { WebSocket } from 'ws';
import { CoordinateRequest, CoordinateResponse } from '../../src/proto/index.js';
import type { Uuid } from '../../src/proto/uuid.js';

/** A connection of a peer over a WebSocket. Completes or fails when it breaks. */
export const connect$ = (
  url: string,
  id: Uuid,
  requests$: Observable<CoordinateRequest>,
): Observable<CoordinateResponse> =>
  new Observable((responses) => {
    const socket = new WebSocket(`${url}?id=${id}`, 'tailnet.v2.proto');
    socket.on('open', () => {
      const send = (request: CoordinateRequest) => socket.send(CoordinateRequest.encode(request).finish());
      responses.add(requests$.subscribe(send));
    });
    socket.on('message', (data: Buffer) => responses.next(CoordinateResponse.decode(data)));
    socket.on('error', (error) => responses.error(error));
    socket.on('close', () => responses.complete());
    return () => socket.terminate();
  });
