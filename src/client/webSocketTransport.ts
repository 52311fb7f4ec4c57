import { Observable, type Subscriber, Subscription, interval, map, timer } from 'rxjs';
import { WebSocket } from 'ws';
import { closeCodes } from '../proto/closeCodes.js';
import { createEncoder } from '../proto/createEncoder.js';
import { CoordinateRequest } from '../proto/gen/tailnet.js';
import type { CoordinateResponse } from '../proto/gen/tailnet.js';
import { readResponse, unreadable } from './readResponse.js';
import type { Transport, TransportCall, TransportEvent } from './transport.js';
import { subprotocol, webSocketAddress } from './webSocketAddress.js';
import { type WebSocketTransportOptions, transportTimes, webSocketUrls } from './webSocketOptions.js';

/** The most that is read of an answer that is no WebSocket. */
const maxAnswer = 500;

/**
 * Talks to a coordinator over a WebSocket: of the package `ws` in Node.js, of the browser in a browser. The reason of
 * `closed` is that of the close frame, or `HTTP 401 …` with the answer where there is one, or what the system said, or
 * `nothing was heard for 20000 ms`, or `no answer within 10000 ms`, or `unreadable response, is that a coordinator? …`.
 *
 * @throws RangeError `silence: … is no number of milliseconds from 1 to 2147483647` (or `handshakeTimeout`)
 */
export const webSocketTransport = (options: WebSocketTransportOptions = {}): Transport => {
  const times = transportTimes(options);
  return {
    ...webSocketUrls,
    connect$: (call) => new Observable((subscriber) => connectWebSocket(call, { ...options, ...times }, subscriber)),
  };
};

type NodeOptions = WebSocketTransportOptions & ReturnType<typeof transportTimes>;

/** Connects; returns what breaks the connection. */
function connectWebSocket(
  { requests$, scheduler, ...call }: TransportCall,
  { tls, headers, handshakeTimeout, silence }: NodeOptions,
  subscriber: Subscriber<TransportEvent>,
): () => void {
  const authorization = call.token === undefined ? {} : { authorization: `Bearer ${call.token}` };
  const socket = new WebSocket(webSocketAddress(call, 'token in a header'), [subprotocol], {
    ...tls,
    perMessageDeflate: false,
    headers: { ...headers, ...authorization },
  });
  const encode = createEncoder(CoordinateRequest);
  const whileOpen = new Subscription();
  let failure = '';
  let status: number | undefined;
  let isHeard = true;
  const hear = () => (isHeard = true);
  const pingOrEnd = () => {
    if (isHeard) socket.ping();
    else {
      failure ||= `nothing was heard for ${String(silence)} ms`;
      socket.terminate();
    }
    isHeard = false;
  };

  // That of `ws` begins anew with each byte that comes.
  const handshake = timer(handshakeTimeout, scheduler).subscribe(() => {
    failure ||= `no answer within ${String(handshakeTimeout)} ms`;
    socket.terminate();
  });

  socket.on('message', hear).on('pong', hear).on('ping', hear);
  socket.on('open', () => {
    handshake.unsubscribe();
    subscriber.next({ kind: 'open' });
    whileOpen.add(interval(silence / 2, scheduler).subscribe(pingOrEnd));
    whileOpen.add(
      requests$.pipe(map(encode)).subscribe({
        next: (bytes) => socket.send(bytes),
        error: (error) => subscriber.error(error),
      }),
    );
  });
  socket.on('message', (data: Buffer) => {
    // What came together with a message that could not be read is not read either.
    if (failure !== '') return;
    let response: CoordinateResponse;
    try {
      response = readResponse(data);
    } catch (cause) {
      failure = unreadable(cause);
      socket.close(closeCodes.unreadable, 'unreadable response');
      return;
    }
    subscriber.next({ kind: 'response', response });
  });
  socket.on('unexpected-response', (_request, response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (text: string) => (body = (body + text).slice(0, maxAnswer)));
    response.on('close', () => {
      status = response.statusCode ?? 0;
      failure = `HTTP ${String(status)} ${body.trim()}`.trim();
      socket.terminate();
    });
  });
  // 'close' follows.
  socket.on('error', ({ message }) => (failure ||= message));
  socket.on('close', (code, reason) => {
    handshake.unsubscribe();
    whileOpen.unsubscribe();
    subscriber.next({
      ...{ kind: 'closed', code, reason: failure || reason.toString() },
      ...(status !== undefined && { status }),
    });
    subscriber.complete();
  });
  return () => {
    handshake.unsubscribe();
    whileOpen.unsubscribe();
    socket.terminate();
  };
}
