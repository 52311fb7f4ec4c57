import { Client, Metadata } from '@grpc/grpc-js';
import type { CallOptions, ChannelCredentials, ClientDuplexStream, StatusObject } from '@grpc/grpc-js';
import { credentials as clientCredentials } from '@grpc/grpc-js';
import { filter, firstValueFrom, map, ReplaySubject, skip } from 'rxjs';
import { tailnetService } from '../../src/gateways/index.js';
import type { CoordinateRequest } from '../../src/proto/gen/tailnet.js';
import { CoordinateResponse } from '../../src/proto/gen/tailnet.js';

export const coordinatePath = tailnetService.coordinate.path;

/** How a call has ended. */
export interface Ended {
  readonly code: number;
  readonly details: string;
  /** How many messages came before. */
  readonly messages: number;
}

/** A client with sockets of its own for the host and port of a URL. */
export function grpcClient(url: string, credentials: ChannelCredentials = clientCredentials.createInsecure()): Client {
  return new Client(new URL(url).host, credentials, {
    'grpc.use_local_subchannel_pool': 1,
    // TLS wants the name of the server, and an address is none.
    'grpc.ssl_target_name_override': 'localhost',
  });
}

/** The peer's end of a call of `Coordinate`. */
export class PeerCall {
  readonly call: ClientDuplexStream<Buffer, Buffer>;
  readonly messages: Buffer[] = [];
  /** Resolves when the server has let the peer in. */
  readonly opened: Promise<void>;
  readonly ended: Promise<Ended>;
  readonly #message$ = new ReplaySubject<Buffer>();
  #read = 0;

  constructor(client: Client, entries: Readonly<Record<string, string>>, options: CallOptions = {}) {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(entries)) metadata.set(name, value);
    const asItIs = (bytes: Buffer): Buffer => bytes;
    this.call = client.makeBidiStreamRequest(coordinatePath, asItIs, asItIs, metadata, options);
    this.call.on('data', (message: Buffer) => {
      this.messages.push(message);
      this.#message$.next(message);
    });
    // "status" says it, too.
    this.call.on('error', () => undefined);
    this.opened = new Promise((resolve) => {
      this.call.once('metadata', () => {
        resolve();
      });
    });
    this.ended = new Promise((resolve) => {
      this.call.once('status', ({ code, details }: StatusObject) => {
        resolve({ code, details, messages: this.messages.length });
      });
    });
  }

  send(request: CoordinateRequest): void {
    this.call.write(tailnetService.coordinate.requestSerialize(request));
  }

  /** The next message that was not asked for yet. */
  async next(): Promise<CoordinateResponse> {
    return CoordinateResponse.decode(await firstValueFrom(this.#message$.pipe(skip(this.#read++))));
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
