import { asyncScheduler, NEVER, switchMap } from 'rxjs';
import type { Observable } from 'rxjs';
import type { GatewayEvent } from './gatewayEvent.js';
import { grpcCalls } from './grpcCalls.js';
import { completeGrpcLimits } from './grpcOptions.js';
import type { GrpcGatewayOptions } from './grpcOptions.js';
import { identityFromMetadata } from './identityFromMetadata.js';
import { loadGrpc } from './loadGrpc.js';
import { serveGrpc } from './serveGrpc.js';
import type { GrpcCoordinator } from './serveGrpc.js';

/**
 * Serves a coordinator's peers over gRPC: service `coder.tailnet.v2.Tailnet`, method `Coordinate`, each message one request
 * or one response. Subscribing serves; unsubscribing refuses new calls, tells every peer `coordinator closed`, ends with
 * UNAVAILABLE and cuts off who is still there after `closeTimeout`.
 *
 * On a port of its own it also serves reflection and `grpc.health.v1.Health`.
 *
 * A call ends with the status that `docs/gateways.md` lists; the events have `closeCodes`, as those of other gateways. A
 * last response with an `error` says more, unless the peer said goodbye (OK) or grpc-js could not read what it sent.
 *
 * To stop without disconnecting anybody needlessly: let `drain$` emit, then close the coordinator, which ends all
 * connections by itself; the gateway completes when the last one is gone.
 *
 * ```ts
 * const events = grpcGateway(coordinator, { port: 7351, drain$ }).subscribe((event) => logger.info(event));
 * ```
 *
 * Errors only when it cannot listen on a port of its own, or its certificates are no good. Whatever goes wrong with one
 * connection is an event, and touches no other. `@grpc/grpc-js` is loaded when one is subscribed to.
 *
 * @throws RangeError at once when a limit is not a number above 0
 */
export function grpcGateway(coordinator: GrpcCoordinator, options: GrpcGatewayOptions): Observable<GatewayEvent> {
  const limits = completeGrpcLimits(options.limits);
  const { identify = identityFromMetadata, scheduler = asyncScheduler, drain$ = NEVER } = options;
  const callOptions = { identify, limits, scheduler, drain$ };
  if (options.server) return grpcCalls(coordinator, options.server, callOptions);
  const { host, port, tls } = options;
  const where = { port, ...(host !== undefined && { host }), ...(tls !== undefined && { tls }) };
  return loadGrpc().pipe(switchMap((packages) => serveGrpc(coordinator, packages, { ...where, ...callOptions })));
}
