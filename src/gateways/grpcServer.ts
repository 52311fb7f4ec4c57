import { createServer, type Server as SocketServer, type Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { Server, ServerOptions } from '@grpc/grpc-js';
import { defer, NEVER, Observable } from 'rxjs';
import type { SchedulerLike } from 'rxjs';
import { certificateRejected$ } from './certificateRefusal.js';
import type { GatewayEvent } from './gatewayEvent.js';
import type { GrpcLimits } from './grpcOptions.js';
import { GrpcSockets } from './grpcSockets.js';
import type { GrpcPackages } from './loadGrpc.js';
import { http2ServerOf } from './http2ServerOf.js';
import { serverUrl$ } from './serverUrl.js';
import { serveTls } from './tls.js';
import type { TlsSource } from './tls.js';
import { UnfinishedStreams } from './unfinishedStreams.js';
import { watchStreams } from './watchStreams.js';

export interface GrpcServerOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly tls?: TlsSource;
  readonly limits: GrpcLimits;
  readonly scheduler: SchedulerLike;
  /** When it emits, nobody new is let in; the server completes when the last connection is gone. Default: never. */
  readonly drain$?: Observable<unknown>;
}

/** A gRPC server that listens. */
export interface ListeningGrpcServer {
  readonly server: Server;
  readonly sockets: GrpcSockets;
  readonly streams: UnfinishedStreams;
  /** Emits who was sent away for want of a client certificate, as events `rejected`; completes with the listening. */
  readonly rejected$: Observable<GatewayEvent>;
  /** Such as `grpc://127.0.0.1:7351`. */
  readonly url: string;
}

/** So many connections may wait to be accepted, where the system allows it. */
const backlog = 4096;

/**
 * A gRPC server that lives as long as its subscription. Emits once, when it listens; errors when it cannot listen.
 * Unsubscribing stops accepting at once, lets calls end and destroys what is left after `closeTimeout`.
 *
 * It accepts its sockets itself and hands them to grpc-js, which would bound neither their number nor their silence, and
 * says of a port that is taken only in words that it is.
 */
export function grpcServer$(grpc: GrpcPackages['grpc'], options: GrpcServerOptions): Observable<ListeningGrpcServer> {
  const { tls, limits, scheduler } = options;
  const { handshakeTimeout } = limits;
  return defer(() => {
    const sockets = new GrpcSockets(limits, scheduler);
    const listening = (listener: SocketServer): Observable<ListeningGrpcServer> =>
      listening$(grpc, listener, sockets, options);
    if (tls === undefined) return listening(createServer({ noDelay: true }));
    const create = (context: object): TlsServer =>
      new TlsServer({ ...context, ALPNProtocols: ['h2'], noDelay: true, handshakeTimeout });
    return serveTls(tls, create, listening);
  });
}

function listening$(
  { Server: GrpcServer, ServerCredentials }: GrpcPackages['grpc'],
  listener: SocketServer,
  sockets: GrpcSockets,
  { host = '127.0.0.1', port, limits, scheduler, drain$ = NEVER }: GrpcServerOptions,
): Observable<ListeningGrpcServer> {
  return new Observable((subscriber) => {
    const server = new GrpcServer(serverOptions(limits));
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    const streams = new UnfinishedStreams(limits.maxUnfinished, scheduler);
    const http2Server = http2ServerOf(server);
    // As long as who calls may take to be identified, and to read that they were not.
    const patience = limits.handshakeTimeout + limits.closeTimeout;
    if (http2Server) {
      watchStreams(http2Server, (stream) => {
        streams.add(stream, patience);
      });
    }
    let isStopping = false;
    const stop = (): void => {
      if (isStopping) return;
      isStopping = true;
      listener.close();
      // Tells clients to take further calls elsewhere.
      server.tryShutdown(() => undefined);
      sockets.stop();
    };

    listener.on('connection', (socket: Socket) => {
      // grpc-js and TLS take care of it. "close" follows.
      socket.on('error', ignore);
      sockets.accepted(socket);
    });
    listener.on(listener instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
      socket.on('error', ignore);
      // TLS was agreed on too late.
      if (isStopping) socket.destroy();
      else injector.injectConnection(socket);
    });
    listener.on('error', (error) => {
      subscriber.error(error);
    });
    listener.on('close', () => {
      subscriber.complete();
    });
    subscriber.add(
      serverUrl$(listener, 'grpc').subscribe((url) => {
        subscriber.next({ server, sockets, streams, rejected$: certificateRejected$(listener), url });
      }),
    );
    subscriber.add(drain$.subscribe(stop));
    listener.listen({ host, port, backlog });
    return stop;
  });
}

function serverOptions({ maxMessageSize, maxConcurrentStreams, pingPeriod }: GrpcLimits): ServerOptions {
  return {
    'grpc.max_receive_message_length': maxMessageSize,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': maxConcurrentStreams,
    'grpc.keepalive_time_ms': pingPeriod,
    'grpc.keepalive_timeout_ms': pingPeriod,
    // It would keep a record of each connection, for a service that is not offered.
    'grpc.enable_channelz': 0,
  };
}

function ignore(): void {
  // Nothing to do: the socket closes itself.
}
