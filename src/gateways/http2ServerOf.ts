import { EventEmitter } from 'node:events';
import type { Http2Server } from 'node:http2';

/**
 * The HTTP/2 server within a gRPC server that has one connection injector; undefined if it cannot be found.
 *
 * grpc-js shows it to nobody, and tells of calls only that it knows and whose requests are complete. Strangers make others,
 * too. So this looks where it is kept as of version 1.14.
 */
export function http2ServerOf(server: object): Http2Server | undefined {
  const servers: unknown = Reflect.get(server, 'http2Servers');
  const first: unknown = servers instanceof Map ? servers.keys().next().value : undefined;
  return isHttp2Server(first) ? first : undefined;
}

function isHttp2Server(value: unknown): value is Http2Server {
  return value instanceof EventEmitter && 'updateSettings' in value;
}
