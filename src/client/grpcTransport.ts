import { Client, Metadata, credentials } from '@grpc/grpc-js';
import type { ChannelCredentials, StatusObject } from '@grpc/grpc-js';
import { Observable, type Subscriber, Subscription, map, timer } from 'rxjs';
import { tailnetService } from '../gateways/tailnetService.js';
import { closeCodes } from '../proto/closeCodes.js';
import type { CoordinateResponse } from '../proto/gen/tailnet.js';
import { grpcEnd } from './grpcEnd.js';
import { readResponse, unreadable } from './readResponse.js';
import type { Transport, TransportCall, TransportEvent } from './transport.js';
import { type ClientTls, transportTimes } from './webSocketOptions.js';

/** How gRPC calls are made. */
export interface GrpcTransportOptions {
  /** What is shown and trusted over TLS (`grpcs:`), in PEM. Default: what Node.js does by itself. */
  readonly tls?: ClientTls;
  /** How long a coordinator may take to let this peer in, in milliseconds. Default 10000. */
  readonly handshakeTimeout?: number;
  /**
   * A connection over which nothing was heard for so long, in milliseconds, no answer to a ping either, is dead.
   * Default 20000. By the clock of the system, not by the scheduler: gRPC pings by itself.
   */
  readonly silence?: number;
}

/**
 * Talks to a coordinator over gRPC; Node.js only. URLs are `grpc://host:7351`, and `grpcs://host:7351` over TLS. Each
 * connection has a socket of its own. The reason of `closed` is the text of the call's status; its code the close code
 * that says the same (`grpcEnd`).
 *
 * @throws RangeError `silence: … is no number of milliseconds from 1 to 2147483647` (or `handshakeTimeout`)
 */
export const grpcTransport = (options: GrpcTransportOptions = {}): Transport => {
  const times = transportTimes(options);
  return {
    protocols: ['grpc:', 'grpcs:'],
    example: 'grpc://127.0.0.1:7351',
    connect$: (call) => new Observable((subscriber) => connectCall(call, { ...options, ...times }, subscriber)),
  };
};

/** A response that is larger is refused, in bytes, as over WebSockets: memory is taken for all of it first. */
const maxResponse = 100 * 1024 * 1024;

/** Connects; returns what breaks the connection. */
function connectCall(
  { url, requests$, scheduler, ...who }: TransportCall,
  { tls = {}, handshakeTimeout, silence }: GrpcTransportOptions & ReturnType<typeof transportTimes>,
  subscriber: Subscriber<TransportEvent>,
): () => void {
  if (!url) throw new TypeError('url: gRPC needs one');
  // A token that cannot be sent throws here, before there is a channel.
  const metadata = metadataOf(who);
  const client = new Client(url.host, url.protocol === 'grpcs:' ? secure(tls) : credentials.createInsecure(), {
    // Otherwise a connection that failed keeps the next one waiting, however long that has waited.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.keepalive_time_ms': silence / 2,
    'grpc.keepalive_timeout_ms': silence / 2,
    'grpc.max_receive_message_length': maxResponse,
  });
  const { path, requestSerialize } = tailnetService.coordinate;
  const asItIs = (bytes: Buffer): Buffer => bytes;
  const call = client.makeBidiStreamRequest(path, asItIs, asItIs, metadata);
  const subscriptions = new Subscription();
  let isOver = false;
  const end = (event: TransportEvent) => {
    if (isOver) return;
    isOver = true;
    subscriptions.unsubscribe();
    subscriber.next(event);
    subscriber.complete();
  };

  const handshake = timer(handshakeTimeout, scheduler).subscribe(() => {
    end({ kind: 'closed', code: closeCodes.broken, reason: `no answer within ${String(handshakeTimeout)} ms` });
  });
  subscriptions.add(handshake);
  call.once('metadata', () => {
    handshake.unsubscribe();
    subscriber.next({ kind: 'open' });
    if (isOver) return;
    subscriptions.add(
      requests$.pipe(map(requestSerialize)).subscribe({
        next: (bytes) => call.write(bytes),
        error: (error) => subscriber.error(error),
      }),
    );
  });
  call.on('data', (bytes: Buffer) => {
    let response: CoordinateResponse;
    try {
      response = readResponse(bytes);
    } catch (cause) {
      end({ kind: 'closed', code: closeCodes.unreadable, reason: unreadable(cause) });
      return;
    }
    subscriber.next({ kind: 'response', response });
  });
  // 'status' says it, too.
  call.on('error', () => undefined);
  call.on('status', (status: StatusObject) => end({ kind: 'closed', ...grpcEnd(status) }));
  return () => {
    isOver = true;
    subscriptions.unsubscribe();
    call.cancel();
    // grpc-js forgets a connection that it is just about to make, and leaves it open.
    // eslint-disable-next-line no-restricted-syntax -- one turn of Node.js, and no waiting
    setImmediate(() => client.close());
  };
}

function metadataOf({
  id,
  token,
  name,
  role,
  agentId,
}: Omit<TransportCall, 'url' | 'requests$' | 'scheduler'>): Metadata {
  const metadata = new Metadata();
  const entries = {
    ...{ 'x-peer-id': id, 'x-peer-name': name, 'x-peer-role': role, 'x-agent-id': agentId },
    authorization: token === undefined ? undefined : `Bearer ${token}`,
  };
  for (const [key, value] of Object.entries(entries)) {
    if (value !== undefined) metadata.set(key, value);
  }
  return metadata;
}

function secure({ ca, cert, key }: ClientTls): ChannelCredentials {
  const buffer = (pem: string | undefined) => (pem === undefined ? null : Buffer.from(pem));
  return credentials.createSsl(buffer(ca), buffer(key), buffer(cert));
}
