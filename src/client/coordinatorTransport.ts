import { type Observable, concatWith, defer, map, of, startWith, tap } from 'rxjs';
import { closeCodeOf } from '../proto/closeCodes.js';
import type { CoordinateRequest, CoordinateResponse } from '../proto/gen/tailnet.js';
import type { Uuid } from '../proto/uuid.js';
import type { Transport, TransportEvent } from './transport.js';

/** What this transport needs of a coordinator. */
export interface Coordinates {
  /** Connects a peer for as long as it is subscribed to. */
  coordinate$(peerId: Uuid, requests$: Observable<CoordinateRequest>): Observable<CoordinateResponse>;
}

/**
 * Talks to a coordinator in the same process, without a network: for tests, in virtual time as well, and for programs
 * that are a coordinator and a peer at once. It needs no URL; what a peer may do, and its name, are up to the `coordinate$`
 * that it is given.
 */
export const coordinatorTransport = (coordinator: Coordinates): Transport => ({
  protocols: [],
  example: '',
  connect$: ({ id, requests$ }) =>
    defer(() => {
      let lastError = '';
      return coordinator.coordinate$(id, requests$).pipe(
        tap(({ error }) => (lastError = error)),
        map((response): TransportEvent => ({ kind: 'response', response })),
        concatWith(
          defer(() => of<TransportEvent>({ kind: 'closed', code: closeCodeOf(lastError), reason: lastError })),
        ),
        startWith<TransportEvent>({ kind: 'open' }),
      );
    }),
});
