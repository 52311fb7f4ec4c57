import type { IncomingMessage, Server } from 'node:http';
import type { TlsOptions as ServerOptions } from 'node:tls';
import { defer, NEVER, Observable } from 'rxjs';
import { BoundedServer, BoundedTlsServer } from './boundedServer.js';
import type { Bounded } from './boundedServer.js';
import { CertificateGuard } from './certificateGuard.js';
import type { GatewayEvent } from './gatewayEvent.js';
import { serveRoutes } from './httpRoutes.js';
import type { HttpRoutes } from './httpRoutes.js';
import { serverUrl$ } from './serverUrl.js';
import { requiresCertificate, serveTls } from './tls.js';
import type { TlsOptions, TlsSource } from './tls.js';

/** Where an HTTP server listens, and what it answers. */
export interface HttpServerOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** What is served: a handler for each path. */
  readonly routes: HttpRoutes;
  /** Default: none, in clear text. */
  readonly tls?: TlsSource;
  /** Paths that may be asked for without a client certificate where one is required. Default: none. */
  readonly pathsWithoutCertificate?: readonly string[];
  /** Milliseconds that a client may take to send its request. Default 10000; slower ones get a 408. */
  readonly handshakeTimeout?: number;
  /**
   * Sockets that are not upgraded. With one more, the one whose last request is longest ago, or that never sent one, is
   * destroyed. Default 10000: in a storm many are accepted before their requests come.
   */
  readonly maxUnfinished?: number;
  /**
   * When it emits, nobody new is let in, and requests under way have 5 s; the server completes when the last connection,
   * upgraded ones included, is gone. Default: never.
   */
  readonly drain$?: Observable<unknown>;
  /** Told who was sent away for want of a client certificate: an event `rejected`, with 403. */
  readonly onRejected?: (event: GatewayEvent) => void;
  /** Told about routes that failed. */
  readonly onError?: (error: unknown, request: IncomingMessage) => void;
}

/** A server that listens. */
export interface ListeningHttpServer {
  /** The server itself, of `node:http` or `node:https`. */
  readonly server: Server;
  /** Such as `http://127.0.0.1:7350`. */
  readonly url: string;
}

/**
 * So many connections may wait to be accepted, where the system allows it. One is accepted in each turn, in order, so
 * that nobody notices a storm of them; those that find no place are tried again by their senders a second later, or
 * three, or seven.
 */
const backlog = 4096;

/** How long requests under way may take after the server was told to stop, in milliseconds. */
const grace = 5000;

/**
 * An HTTP server that lives as long as its subscription. Emits once, when it listens; errors when it cannot listen.
 * Unsubscribing stops accepting at once and gives requests under way 5 s; connections without any are destroyed. WebSockets are their gateway's.
 *
 * ```ts
 * const stop$ = new ReplaySubject<void>(1);
 * const routes = { ...healthRoutes(coordinator, draining$), [coordinatePath]: webSocketRoute };
 * httpServer$({ host, port, routes, drain$: stop$ })
 *   .pipe(
 *     tap(({ url }) => logger.info({ http: url }, 'listening')),
 *     switchMap(({ server }) => webSocketGateway(coordinator, { server, drain$: stop$ })),
 *   )
 *   .subscribe({ next: (event) => logger.debug(event), complete: () => logger.info('drained') });
 * // To stop: draining$ true, stop$ emits, then coordinator.close() ends every connection, and both complete.
 * ```
 */
export function httpServer$(options: HttpServerOptions): Observable<ListeningHttpServer> {
  const { routes, onError, tls, handshakeTimeout = 10_000, maxUnfinished = 10_000 } = options;
  const timeouts = {
    headersTimeout: handshakeTimeout,
    requestTimeout: handshakeTimeout,
    // How often the two are looked after.
    connectionsCheckingInterval: Math.max(1, Math.min(1000, handshakeTimeout / 2)),
  };
  const answer = serveRoutes(routes, onError);
  const listening = (server: Server & Bounded): Observable<ListeningHttpServer> => listening$(server, options);
  if (tls === undefined) return defer(() => listening(new BoundedServer(maxUnfinished, timeouts, answer)));
  const create = (tlsOptions: ServerOptions, certificates: TlsOptions): BoundedTlsServer => {
    const guard = requiresCertificate(certificates)
      ? new CertificateGuard(options.pathsWithoutCertificate ?? [], options.onRejected ?? ignore)
      : undefined;
    // Who has none gets an answer, which says more than a connection that breaks.
    const { rejectUnauthorized: _, ...rest } = tlsOptions;
    const complete = { ...timeouts, ...rest, rejectUnauthorized: false, handshakeTimeout };
    return new BoundedTlsServer(maxUnfinished, complete, answer, guard);
  };
  return serveTls(tls, create, listening);
}

function ignore(): void {
  // Nobody wants to know.
}

/** Lets a server listen for as long as this is subscribed to. */
function listening$(
  server: Server & Bounded,
  { host = '127.0.0.1', port, drain$ = NEVER }: HttpServerOptions,
): Observable<ListeningHttpServer> {
  return new Observable<ListeningHttpServer>((subscriber) => {
    server.on('error', (error) => {
      subscriber.error(error);
    });
    server.on('close', () => {
      subscriber.complete();
    });
    subscriber.add(
      serverUrl$(server, 'http').subscribe((url) => {
        subscriber.next({ server, url });
      }),
    );
    subscriber.add(
      drain$.subscribe(() => {
        server.stop(grace);
      }),
    );
    server.listen({ host, port, backlog });
    return () => {
      server.stop(grace);
    };
  });
}
