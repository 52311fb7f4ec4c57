import type { Server } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { defer, fromEvent, map, of, take } from 'rxjs';
import type { Observable } from 'rxjs';

/** The URL of a server as soon as it listens, such as `http://127.0.0.1:7350`. With TLS there is an `s` behind the scheme. */
export function serverUrl$(server: Server, scheme: 'http' | 'ws' | 'grpc', path = ''): Observable<string> {
  return defer(() => (server.listening ? of(undefined) : fromEvent(server, 'listening').pipe(take(1)))).pipe(
    map(() => {
      const address = server.address();
      const complete = `${scheme}${server instanceof TlsServer ? 's' : ''}`;
      // A path in the file system, or a server that closed at once.
      if (address === null || typeof address === 'string') return `${complete}+unix:${address ?? ''}:${path}`;
      const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      return `${complete}://${host}:${String(address.port)}${path}`;
    }),
  );
}
