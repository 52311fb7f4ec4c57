/**
 * `tailnet-coordinator/client` in browsers: the same, on the WebSocket that is there. What is imported from here needs
 * nothing of Node.js.
 *
 * @packageDocumentation
 */
import type { Observable } from 'rxjs';
import { browserWebSocketTransport, type BrowserWebSocket } from './browserWebSocketTransport.js';
import type { TailnetClientOptions } from './clientOptions.js';
import { clientStates$ } from './clientStates.js';
import { resolveClientOptions } from './resolveClientOptions.js';
import type { TailnetState } from './tailnetState.js';
import type { Transport } from './transport.js';
import type { WebSocketTransportOptions } from './webSocketOptions.js';

export * from './exports.js';

/** What a browser has. */
declare const WebSocket: BrowserWebSocket;

/** As in Node.js, on the global `WebSocket`. */
export const webSocketTransport = (options?: WebSocketTransportOptions): Transport =>
  browserWebSocketTransport(() => WebSocket, options);

/** As in Node.js. */
export const tailnetClient$ = (options: TailnetClientOptions): Observable<TailnetState> =>
  clientStates$(resolveClientOptions(options, webSocketTransport));
