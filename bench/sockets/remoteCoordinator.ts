import { Observable } from 'rxjs';
import type { Coordinator } from 'tailnet-coordinator';
import { CoordinateRequest, CoordinateResponse } from 'tailnet-coordinator/proto';
import { WebSocket } from 'ws';

/** A coordinator at the other end of a WebSocket, for peers that know nothing of sockets. */
export type RemoteCoordinator = Pick<Coordinator, 'coordinate$'>;

/**
 * @param url where its gateway listens
 * @param maxHandshakes so many connections are made at the same time; more would overflow the queue that the server's
 *   system keeps of them, and wait for a second or more until they are tried again
 */
export const remoteCoordinator = (url: string, maxHandshakes: number): RemoteCoordinator => {
  const waiting: (() => void)[] = [];
  let handshakes = 0;
  let count = 0;
  const begin = (open: () => void): void => {
    if (handshakes >= maxHandshakes) {
      waiting.push(open);
      return;
    }
    handshakes++;
    open();
  };
  const end = (): void => {
    handshakes--;
    const next = waiting.shift();
    if (next !== undefined) begin(next);
  };
  return {
    coordinate$: (id, requests$) =>
      new Observable((subscriber) => {
        let socket: WebSocket | undefined;
        let queue: Uint8Array[] | undefined = [];
        subscriber.add(
          requests$?.subscribe((request) => {
            const message = CoordinateRequest.encode(request).finish();
            if (queue === undefined) socket?.send(message);
            else queue.push(message);
          }),
        );
        const localAddress = localAddressOf(count++);
        begin(() => {
          // It was given up while it waited for its turn.
          if (subscriber.closed) {
            end();
            return;
          }
          socket = new WebSocket(`${url}?id=${id}`, 'tailnet.v2.proto', {
            perMessageDeflate: false,
            ...(localAddress !== undefined && { localAddress }),
          });
          let isShaking = true;
          const shaken = () => {
            if (isShaking) end();
            isShaking = false;
          };
          socket.on('open', () => {
            shaken();
            for (const message of queue ?? []) socket?.send(message);
            queue = undefined;
          });
          socket.on('message', (data: Buffer) => {
            subscriber.next(CoordinateResponse.decode(data));
          });
          socket.on('error', (error) => {
            subscriber.next({ peerUpdates: [], error: error.message });
          });
          socket.on('close', () => {
            shaken();
            subscriber.complete();
          });
        });
        return () => {
          socket?.terminate();
        };
      }),
  };
};

/** Linux answers on all of 127.0.0.0/8, so that more connections are possible than there are ports for one address. */
const localAddressOf = (index: number): string | undefined =>
  process.platform === 'linux' ? `127.0.0.${1 + (index % 16)}` : undefined;
