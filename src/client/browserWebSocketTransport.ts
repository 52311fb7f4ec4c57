import { Observable, type Subscriber, Subscription, map, timer } from 'rxjs';
import { closeCodes } from '../proto/closeCodes.js';
import { createEncoder } from '../proto/createEncoder.js';
import { CoordinateRequest } from '../proto/gen/tailnet.js';
import type { CoordinateResponse } from '../proto/gen/tailnet.js';
import { readResponse, unreadable } from './readResponse.js';
import type { Transport, TransportCall, TransportEvent } from './transport.js';
import { subprotocol, webSocketAddress } from './webSocketAddress.js';
import { type WebSocketTransportOptions, transportTimes, webSocketUrls } from './webSocketOptions.js';

/** What is used of a browser's WebSocket. */
interface BrowserSocket {
  binaryType: string;
  readonly readyState: number;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  send(data: Uint8Array): void;
  close(code?: number, reason?: string): void;
}

/** The `WebSocket` of a browser. */
export type BrowserWebSocket = new (url: URL, protocols: string[]) => BrowserSocket;

const isOpen = 1;

/** Pages may close with 1000, or a code of their own, from 4000 on. */
const unreadableOfPage = 4007;

/** `webSocketTransport` for browsers: its options that a browser cannot follow are refused. */
export const browserWebSocketTransport = (
  WebSocket: () => BrowserWebSocket,
  options: WebSocketTransportOptions = {},
): Transport => {
  for (const name of ['tls', 'headers', 'silence'] as const) {
    if (options[name] !== undefined) {
      throw new TypeError(`${name}: a browser decides that by itself`);
    }
  }
  const { handshakeTimeout } = transportTimes(options);
  return {
    ...webSocketUrls,
    connect$: (call) =>
      new Observable((subscriber) => connectWebSocket(WebSocket(), call, handshakeTimeout, subscriber)),
  };
};

/** Connects; returns what breaks the connection. */
function connectWebSocket(
  WebSocket: BrowserWebSocket,
  { requests$, scheduler, ...call }: TransportCall,
  handshakeTimeout: number,
  subscriber: Subscriber<TransportEvent>,
): () => void {
  const socket = new WebSocket(webSocketAddress(call, 'token in the query'), [subprotocol]);
  socket.binaryType = 'arraybuffer';
  const encode = createEncoder(CoordinateRequest);
  const whileOpen = new Subscription();
  let wasOpen = false;

  /** Takes no notice of what the socket says any more: a dead one may take minutes to say that it is closed. */
  const letGo = () => {
    whileOpen.unsubscribe();
    handshake.unsubscribe();
    socket.onopen = socket.onmessage = socket.onclose = null;
  };
  const end = (code: number, reason: string) => {
    letGo();
    subscriber.next({ kind: 'closed', code, reason });
    subscriber.complete();
  };
  const handshake = timer(handshakeTimeout, scheduler).subscribe(() => {
    end(closeCodes.broken, `no answer within ${String(handshakeTimeout)} ms`);
  });

  socket.onopen = () => {
    wasOpen = true;
    handshake.unsubscribe();
    subscriber.next({ kind: 'open' });
    whileOpen.add(
      requests$.pipe(map(encode)).subscribe({
        next: (bytes) => {
          if (socket.readyState === isOpen) socket.send(bytes);
        },
        error: (error) => subscriber.error(error),
      }),
    );
  };
  socket.onmessage = ({ data }) => {
    let response: CoordinateResponse;
    try {
      if (!(data instanceof ArrayBuffer)) throw new TypeError('it is text');
      response = readResponse(new Uint8Array(data));
    } catch (cause) {
      letGo();
      socket.close(unreadableOfPage, 'unreadable response');
      end(closeCodes.unreadable, unreadable(cause));
      return;
    }
    subscriber.next({ kind: 'response', response });
  };
  socket.onclose = ({ code, reason }) => {
    end(code, wasOpen ? reason : 'there was no connection, and a browser does not say why');
  };
  return () => {
    letGo();
    socket.close();
  };
}
