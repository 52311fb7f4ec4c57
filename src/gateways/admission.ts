import { catchError, map, of, takeLast, takeUntil, tap } from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';
import { observersOnlyLook } from '../auth/observerAuth.js';
import { shuttingDown } from './attendance.js';
import type { Attendance } from './attendance.js';
import type { GatewayEvent } from './gatewayEvent.js';
import { identified } from './identified.js';
import type { Identity } from './identity.js';
import type { Places } from './places.js';
import type { Refusal } from './refusal.js';

/** What an observer gets that wants to connect. */
const observerRefused: Refusal = { status: 403, reason: observersOnlyLook };

/** Somebody who wants to connect. */
export interface Newcomer<Request> {
  /** What `identify` is asked about. */
  readonly request: Request;
  readonly remoteAddress: string;
  /** Emits when they have given up. */
  readonly gone$: Observable<unknown>;
  readonly refuse: (refusal: Refusal) => void;
  /** Emits what comes of their connection, once it is subscribed to. */
  readonly connect: (identity: Identity) => Observable<GatewayEvent>;
}

/** Where newcomers are let in. */
export interface Entrance<Request> {
  readonly attendance: Attendance;
  readonly identify: (request: Request) => Identity | Observable<Identity>;
  /** Where `identify` does its work. */
  readonly places: Places;
  /** Milliseconds that may take. */
  readonly handshakeTimeout: number;
  readonly scheduler: SchedulerLike;
}

/**
 * Finds out who somebody is, and emits what comes of it, once: their connection, or that they were turned away. The
 * connection is not made here, so that it does not hold the request.
 */
export function admission<Request>(
  newcomer: Newcomer<Request>,
  { attendance, identify, places, handshakeTimeout, scheduler }: Entrance<Request>,
): Observable<Observable<GatewayEvent>> {
  const { request, gone$, refuse, connect } = newcomer;
  return attendance.counted(
    identified(request, identify, places, handshakeTimeout, scheduler).pipe(
      takeUntil(gone$),
      tap({
        unsubscribe: () => {
          refuse(shuttingDown);
        },
      }),
      takeLast(1),
      map((found) => {
        if ('refusal' in found) return rejection(newcomer, found.refusal);
        // It would push out whoever is connected by its id.
        if (found.identity.role === 'observer') return rejection(newcomer, observerRefused);
        return connect(found.identity);
      }),
      // A defect in what one request led to is no other's matter.
      catchError((error: unknown) => of(rejection(newcomer, { status: 500, reason: 'internal error', error }))),
    ),
  );
}

/** Turns somebody away; the event that says so. */
export function rejection(
  { remoteAddress, refuse }: Pick<Newcomer<never>, 'remoteAddress' | 'refuse'>,
  refusal: Refusal,
): Observable<GatewayEvent> {
  refuse(refusal);
  const { status, reason, error } = refusal;
  return of({ kind: 'rejected', status, reason, remoteAddress, ...(error !== undefined && { error }) });
}
