import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { filter, firstValueFrom, map, ReplaySubject, skip } from 'rxjs';
import { WebSocket } from 'ws';
import type { ClientOptions } from 'ws';
import { CoordinateRequest, CoordinateResponse } from '../../src/proto/gen/tailnet.js';

/** How a WebSocket was closed. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
  /** How many messages came before. */
  readonly messages: number;
}

/** The peer's end of a WebSocket. */
export class PeerSocket {
  readonly webSocket: WebSocket;
  readonly messages: { readonly data: Buffer; readonly isBinary: boolean }[] = [];
  readonly closed: Promise<Closed>;
  readonly #message$ = new ReplaySubject<Buffer>();
  #read = 0;

  constructor(url: string, protocols?: string[], options: ClientOptions = {}) {
    this.webSocket = new WebSocket(url, protocols ?? [], { perMessageDeflate: false, ...options });
    this.webSocket.on('message', (data: Buffer, isBinary) => {
      this.messages.push({ data, isBinary });
      this.#message$.next(data);
    });
    this.webSocket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      this.webSocket.once('close', (code, reason) => {
        resolve({ code, reason: reason.toString(), messages: this.messages.length });
      });
    });
  }

  send(request: CoordinateRequest): void {
    this.webSocket.send(CoordinateRequest.encode(request).finish());
  }

  /** The next message that was not asked for yet. */
  nextData(): Promise<Buffer> {
    return firstValueFrom(this.#message$.pipe(skip(this.#read++)));
  }

  async next(): Promise<CoordinateResponse> {
    return CoordinateResponse.decode(new Uint8Array(await this.nextData()));
  }

  /** Resolves when so many messages have come. */
  async count(messages: number): Promise<void> {
    await firstValueFrom(
      this.#message$.pipe(
        map((_, index) => index + 1),
        filter((count) => count === messages),
      ),
    );
  }
}

/** What the server says to an upgrade that it refuses. */
export async function refusedUpgrade(
  url: string,
  protocols?: string[],
  options: ClientOptions = {},
): Promise<{
  readonly status: number | undefined;
  readonly body: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}> {
  const webSocket = new WebSocket(url, protocols ?? [], options);
  return new Promise((resolve, reject) => {
    webSocket.on('open', () => {
      webSocket.terminate();
      reject(new Error('the server upgraded'));
    });
    webSocket.on('error', reject);
    webSocket.on('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => {
        resolve({ status: response.statusCode, body, headers: response.headers });
      });
    });
  });
}

/** A TCP connection to a server's URL, and all that it says until it hangs up. */
export function rawSocket(url: string): { readonly socket: Socket; readonly answer: Promise<string> } {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  const answer = new Promise<string>((resolve) => {
    socket.once('close', () => {
      resolve(text);
    });
  });
  return { socket, answer };
}

/** The text of an upgrade request, without the empty line at its end. */
export function upgradeRequest(pathAndQuery: string, ...headers: readonly string[]): string {
  return [
    `GET ${pathAndQuery} HTTP/1.1`,
    'Host: localhost',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Version: 13',
    ...headers,
    '',
  ].join('\r\n');
}
