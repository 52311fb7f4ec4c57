import type { Observable, SchedulerLike } from 'rxjs';
import type { CoordinateRequest, CoordinateResponse } from '../proto/gen/tailnet.js';
import type { Uuid } from '../proto/uuid.js';

/** Who connects, and what it says. */
export interface TransportCall {
  /** Where to; one of the `protocols` of the transport. Absent where the transport has none. */
  readonly url?: URL;
  /** The UUID of the peer that connects. */
  readonly id: Uuid;
  /** Proves who this is. Default: nothing does. */
  readonly token?: string;
  /** For the logs of the coordinator. */
  readonly name?: string;
  /** What it is to the coordinator. Default: what the URL or the token says. */
  readonly role?: ClientRole;
  /** The agent of a client. */
  readonly agentId?: Uuid;
  /**
   * What to send. Cold: to be subscribed to once the connection is open, and then it says everything there is to say.
   * It does not complete. An error of it is passed on as it is.
   */
  readonly requests$: Observable<CoordinateRequest>;
  /** Where all waiting happens. */
  readonly scheduler: SchedulerLike;
}

/** What somebody may do, as the coordinator knows it. */
export type ClientRole = 'peer' | 'agent' | 'client';

/** How a connection ended, or that it was never made. */
export interface ConnectionEnd {
  /** A close code of WebSockets, whatever carried the connection; 1006 where there was none. */
  readonly code: number;
  /** Why, for people; may be empty. It may quote what a stranger sent. */
  readonly reason: string;
  /** The HTTP status of the answer, where there was no connection but an answer. */
  readonly status?: number;
}

/** What happens to a connection: `open` first, if it comes to that, then responses, `closed` last. */
export type TransportEvent =
  | { readonly kind: 'open' }
  | { readonly kind: 'response'; readonly response: CoordinateResponse }
  | ({ readonly kind: 'closed' } & ConnectionEnd);

/** How a client talks to a coordinator: `webSocketTransport()`, `grpcTransport()`, `coordinatorTransport()`, or your own. */
export interface Transport {
  /** The protocols of the URLs that it understands, such as `ws:`. None: it needs no URL. */
  readonly protocols: readonly string[];
  /** What such a URL looks like, for the text of an error. */
  readonly example: string;
  /**
   * One connection. Cold: subscribing connects, unsubscribing breaks the connection. Completes after `closed`. Errors
   * only as `requests$` does: what a network or a coordinator does is in `closed`.
   */
  connect$(call: TransportCall): Observable<TransportEvent>;
}
