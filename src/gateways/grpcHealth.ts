import type { sendUnaryData, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import {
  combineLatest,
  concat,
  distinctUntilChanged,
  endWith,
  filter,
  fromEvent,
  map,
  NEVER,
  of,
  take,
  takeUntil,
  takeWhile,
} from 'rxjs';
import type { Observable } from 'rxjs';
import type { Health } from '../api.js';
import { HealthCheckResponse_ServingStatus, HealthDefinition } from '../proto/gen/grpc/health/v1/health.js';
import type { HealthCheckRequest, HealthCheckResponse } from '../proto/gen/grpc/health/v1/health.js';
import { TailnetDefinition } from '../proto/gen/tailnet.js';
import { grpcMethod } from './grpcMethod.js';
import { grpcStatus } from './grpcStatus.js';
import type { CallStatus } from './grpcStatus.js';

type ServingStatus = HealthCheckResponse_ServingStatus;
const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus;

/** The service `grpc.health.v1.Health`, as grpc-js wants it. */
export const healthService = {
  check: grpcMethod(HealthDefinition, HealthDefinition.methods.check),
  watch: grpcMethod(HealthDefinition, HealthDefinition.methods.watch),
} as const;

/** What may be asked about: the server as a whole, and the service that it is there for. */
const services: ReadonlySet<string> = new Set(['', TailnetDefinition.fullName]);

const notFound: CallStatus = { code: grpcStatus.notFound, details: 'no such service' };
const shuttingDown: CallStatus = { code: grpcStatus.unavailable, details: 'shutting down' };
const tooSlow: CallStatus = { code: grpcStatus.resourceExhausted, details: 'too many answers wait to be read' };
const internal: CallStatus = { code: grpcStatus.internal, details: 'internal error' };

/**
 * What the health service does. It says SERVING while new peers are welcome: while the coordinator is healthy and the
 * server does not drain. Watches end when it begins to: they would keep their connections open.
 *
 * The package `grpc-health-check` would do for neither: it cannot end a watch, and keeps every name that was ever watched.
 *
 * @param draining$ true from when the server is about to stop; replays the current value
 */
export function healthImplementation(health$: Observable<Health>, draining$: Observable<boolean>) {
  const status$: Observable<ServingStatus> = health$.pipe(
    map((health) => (health === 'healthy' ? SERVING : NOT_SERVING)),
    endWith(NOT_SERVING),
  );
  const drained$ = draining$.pipe(filter(Boolean));
  return {
    check: (
      call: ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>,
      answer: sendUnaryData<HealthCheckResponse>,
    ): void => {
      if (!services.has(call.request.service)) {
        answer(notFound);
        return;
      }
      combineLatest([status$, draining$])
        .pipe(take(1), takeUntil(fromEvent(call, 'cancelled')))
        .subscribe({
          next: ([status, isDraining]) => {
            answer(null, { status: isDraining ? NOT_SERVING : status });
          },
          error: () => {
            answer(internal);
          },
        });
    },

    watch: (call: ServerWritableStream<HealthCheckRequest, HealthCheckResponse>): void => {
      const end = (status: CallStatus): void => {
        if (!call.cancelled) call.emit('error', status);
      };
      const known = services.has(call.request.service);
      const watched$: Observable<ServingStatus> = known
        ? status$.pipe(takeUntil(drained$), endWith(NOT_SERVING))
        : concat(of(SERVICE_UNKNOWN), NEVER);
      const isRead = (): boolean => !call.writableNeedDrain;
      watched$.pipe(distinctUntilChanged(), takeWhile(isRead), takeUntil(fromEvent(call, 'cancelled'))).subscribe({
        next: (status) => {
          call.write({ status });
        },
        error: () => {
          end(internal);
        },
        complete: () => {
          end(isRead() ? shuttingDown : tooSlow);
        },
      });
    },
  };
}
