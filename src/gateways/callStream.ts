import type { ServerHttp2Stream } from 'node:http2';

/** Layers that may lie between a call and its stream: interceptors. */
const maxLayers = 16;

/**
 * The HTTP/2 stream that carries a gRPC call; undefined if it cannot be found.
 *
 * grpc-js shows it to nobody, and has no other way to end a call whose client does not read, nor to tell with which status
 * it ended a call by itself. So this looks where the stream is kept as of version 1.14.
 */
export function streamOf(call: object): ServerHttp2Stream | undefined {
  let layer: unknown = call;
  for (let depth = 0; depth < maxLayers && typeof layer === 'object' && layer !== null; depth++) {
    const stream: unknown = Reflect.get(layer, 'stream');
    if (isServerStream(stream)) return stream;
    layer = Reflect.get(layer, 'call') ?? Reflect.get(layer, 'nextCall');
  }
  return undefined;
}

function isServerStream(value: unknown): value is ServerHttp2Stream {
  return typeof value === 'object' && value !== null && 'sentHeaders' in value && 'rstCode' in value;
}
