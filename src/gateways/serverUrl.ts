import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:tls';
import { defer, fromEvent, map, of, take } from 'rxjs';
import type { Observable } from 'rxjs';

/** The URL of a server as soon as it listens: `http://127.0.0.1:7350`, with `ws` for `http` if a path for WebSockets is given. */
export function serverUrl$(server: Server, webSocketPath?: string): Observable<string> {
  return defer(() => (server.listening ? of(undefined) : fromEvent(server, 'listening').pipe(take(1)))).pipe(
    map(() => {
      const address = server.address();
      const scheme = `${webSocketPath === undefined ? 'http' : 'ws'}${server instanceof TlsServer ? 's' : ''}`;
      const path = webSocketPath ?? '';
      // A path in the file system, or a server that closed at once.
      if (address === null || typeof address === 'string') return `${scheme}+unix:${address ?? ''}:${path}`;
      const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
      return `${scheme}://${host}:${String(address.port)}${path}`;
    }),
  );
}
