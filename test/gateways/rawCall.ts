import { connect } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import type { SecureClientSessionOptions } from 'node:http2';
import { once } from 'node:events';
import { coordinatePath } from './peerCall.js';

/** A client that knows HTTP/2 and nothing of gRPC, for what a gRPC library would not do. */
export class RawClient {
  readonly session: ClientHttp2Session;

  constructor(url: string, options: SecureClientSessionOptions = {}) {
    this.session = connect(url.replace(/^grpc/, 'http'), { maxSendHeaderBlockLength: 2 ** 24, ...options });
    this.session.on('error', () => undefined);
  }

  call(headers: OutgoingHttpHeaders, path: string = coordinatePath): ClientHttp2Stream {
    const stream = this.session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    stream.on('error', () => undefined);
    return stream;
  }

  /** A call that was let in. */
  async join(id: string): Promise<ClientHttp2Stream> {
    const stream = this.call({ 'x-peer-id': id });
    await once(stream, 'response');
    return stream;
  }
}

/** Resolves when the stream is closed, however. */
export async function closed(stream: ClientHttp2Stream): Promise<void> {
  if (!stream.closed) await new Promise((resolve) => stream.once('close', resolve));
}

/** A message as gRPC frames it: whether it is compressed, its length, itself. */
export function framed(message: Uint8Array, { compressed = false } = {}): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed ? 1 : 0, 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** The status of HTTP and that of gRPC with which a call ends. Its stream may still be open. */
export async function statusOf(
  stream: ClientHttp2Stream,
): Promise<{ readonly http: number | undefined; readonly grpc: number | undefined }> {
  let grpc: number | undefined;
  let http: number | undefined;
  const note = (headers: NodeJS.Dict<string | string[] | number>): void => {
    if (headers[':status'] !== undefined) http = Number(headers[':status']);
    if (headers['grpc-status'] !== undefined) grpc = Number(headers['grpc-status']);
  };
  stream.on('response', note);
  stream.on('trailers', note);
  stream.resume();
  await once(stream, 'end');
  return { http, grpc };
}
