import {
  BehaviorSubject,
  concat,
  defer,
  filter,
  finalize,
  ignoreElements,
  merge,
  NEVER,
  of,
  switchMap,
  take,
  tap,
} from 'rxjs';
import type { Observable } from 'rxjs';
import type { Coordinator, Health } from '../api.js';
import { beforeCalls } from './beforeCalls.js';
import type { GatewayEvent } from './gatewayEvent.js';
import { grpcCalls } from './grpcCalls.js';
import type { CallOptions } from './grpcCalls.js';
import { healthImplementation, healthService } from './grpcHealth.js';
import { addReflection } from './grpcReflection.js';
import { grpcServer$ } from './grpcServer.js';
import type { GrpcServerOptions, ListeningGrpcServer } from './grpcServer.js';
import { Inquiries } from './inquiries.js';
import type { GrpcPackages } from './loadGrpc.js';

/** What a gRPC gateway needs of a coordinator. Without `health$` the health service says SERVING until it drains. */
export type GrpcCoordinator = Pick<Coordinator, 'coordinate$'> & Partial<Pick<Coordinator, 'health$'>>;

const alwaysHealthy$ = concat(of<Health>('healthy'), NEVER);

/** A gateway with a server of its own, which also has the services for health and reflection. */
export function serveGrpc(
  coordinator: GrpcCoordinator,
  { grpc, reflection }: GrpcPackages,
  options: GrpcServerOptions & CallOptions,
): Observable<GatewayEvent> {
  return defer(() => {
    const draining$ = new BehaviorSubject(false);
    const drain$ = draining$.pipe(filter(Boolean));
    const drain = (): void => {
      draining$.next(true);
    };

    const serve = ({ server, sockets, streams, rejected$, url }: ListeningGrpcServer): Observable<GatewayEvent> => {
      const { admit } = new Inquiries(options.limits, sockets, streams);
      const bounded: Pick<typeof server, 'addService'> = {
        addService: (service, implementation) => {
          server.addService(service, beforeCalls(implementation, admit));
        },
      };
      bounded.addService(healthService, healthImplementation(coordinator.health$ ?? alwaysHealthy$, draining$));
      addReflection(bounded, reflection);
      return merge(
        of<GatewayEvent>({ kind: 'listening', url }),
        rejected$,
        grpcCalls(coordinator, server, { ...options, drain$, watch: sockets, streams }),
      );
    };

    return merge(
      grpcServer$(grpc, { ...options, drain$ }).pipe(switchMap(serve)),
      options.drain$.pipe(take(1), tap(drain), ignoreElements()),
    ).pipe(finalize(drain));
  });
}
