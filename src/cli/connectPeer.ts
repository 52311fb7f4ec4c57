import { WebSocket, type RawData } from 'ws';
import { CoordinateRequest, CoordinateResponse } from '../proto/gen/tailnet.js';
import { requests } from '../proto/requests.js';
import { peerIdOf } from '../proto/responses.js';
import { closeCodes } from '../gateways/closeCode.js';
import { connectionHint } from './connectionHint.js';
import { errorText } from './errorText.js';
import type { RunPeerOptions } from './runPeer.js';

/** One connection of the peer on the command line. */
export interface PeerConnection {
  /** How it ended; `final`: trying again would end the same way. Never rejects. */
  readonly ended: Promise<{ readonly code: number; readonly reason: string; readonly final: boolean }>;
  /** Sends a Disconnect and waits for the coordinator to close, for so many milliseconds at most. */
  sayGoodbye(patience: number): void;
}

/** A connection that is silent for so long is dead. Milliseconds. */
const silence = 20_000;

/** 1008: a request was refused; 4409: another peer has this id now, and taking it back would start a fight. */
const finalCodes: readonly number[] = [1008, 4409];

/** Connects, publishes the node, opens the tunnels, and prints what the coordinator says. */
export function connectPeer({ url, token, tls, id, node, tunnels, print }: RunPeerOptions): PeerConnection {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const socket = new WebSocket(url, ['tailnet.v2.proto'], { handshakeTimeout: 10_000, headers, ...tls });
  const send = (request: CoordinateRequest) => socket.send(CoordinateRequest.encode(request).finish());
  const guard = guardAgainstSilence(socket);
  let refusal: string | undefined;
  let failure = '';
  socket.on('open', () => {
    print({ kind: 'connected', id, url: withoutToken(url) });
    send({ ...requests.updateSelf({}), updateSelf: { node } });
    for (const tunnel of tunnels) send(requests.addTunnel(tunnel));
  });
  socket.on('message', (data: RawData) => {
    // What came together with a message that could not be read is not read either.
    if (failure !== '') return;
    try {
      const { peerUpdates, error } = readResponse(new Uint8Array(data as Buffer));
      for (const update of peerUpdates) print({ kind: 'update', update });
      if (error !== '') print({ kind: 'error', error });
    } catch (cause) {
      failure = `unreadable response, is that a coordinator? ${errorText(cause)}`;
      socket.close(closeCodes.unreadable, 'unreadable response');
    }
  });
  socket.on('unexpected-response', (_request, response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (text: string) => (body = (body + text).slice(0, 500)));
    response.on('close', () => {
      const status = response.statusCode ?? 0;
      failure = `HTTP ${status} ${body.trim()}`.trim();
      if (status >= 400 && status < 500) refusal = failure;
      socket.terminate();
    });
  });
  // 'close' follows.
  socket.on('error', ({ message }) => {
    const hint = connectionHint(message);
    failure ||= hint === undefined ? message : `${message.trim()} (${hint})`;
  });
  const ended = new Promise<{ code: number; reason: string; final: boolean }>((resolve) => {
    socket.on('close', (code, reason) => {
      guard.stop();
      resolve({
        code,
        reason: failure || reason.toString(),
        final: refusal !== undefined || finalCodes.includes(code),
      });
    });
  });
  return {
    ended,
    sayGoodbye: (patience) => {
      if (socket.readyState !== WebSocket.OPEN) {
        socket.terminate();
        return;
      }
      send(requests.disconnect());
      const timer = setTimeout(() => socket.terminate(), patience);
      socket.on('close', () => clearTimeout(timer));
    },
  };
}

/** What the coordinator says; throws if it is nonsense, be it no message at all or about somebody without an id. */
function readResponse(bytes: Uint8Array): CoordinateResponse {
  const response = CoordinateResponse.decode(bytes);
  response.peerUpdates.forEach(peerIdOf);
  return response;
}

/** The URL without its token, fit for a terminal that others may see. */
function withoutToken(url: URL): string {
  const shown = new URL(url);
  if (shown.searchParams.has('token')) shown.searchParams.set('token', '…');
  return shown.href;
}

/** Ends a connection whose other end has gone without a word. */
function guardAgainstSilence(socket: WebSocket): { stop(): void } {
  let heard = true;
  const hear = () => (heard = true);
  socket.on('message', hear).on('pong', hear).on('ping', hear);
  const timer = setInterval(() => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (heard) socket.ping();
    else socket.terminate();
    heard = false;
  }, silence / 2);
  return { stop: () => clearInterval(timer) };
}
