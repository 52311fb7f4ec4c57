import { NEVER, Observable, tap } from 'rxjs';
import type { Subscriber } from 'rxjs';
import type { CoordinateOptions, Coordinator } from '../../api.js';
import type { Uuid } from '../../db/store.js';
import type { CoordinateRequest, CoordinateResponse } from '../../proto/gen/tailnet.js';

/** One connection that a gateway made to a coordinator, and what it did with it. */
export class WatchedConnection {
  readonly peerId: Uuid;
  readonly options: CoordinateOptions;
  /** What came of its `requests$`, in order. */
  readonly requests: CoordinateRequest[] = [];
  /** What its `requests$` failed with; undefined if it did not. */
  failure: { readonly error: unknown } | undefined;
  /** The last value of its `ready$`. */
  isReady = true;
  isOver = false;
  readonly #subscriber: Subscriber<CoordinateResponse>;

  constructor(peerId: Uuid, options: CoordinateOptions, subscriber: Subscriber<CoordinateResponse>) {
    this.peerId = peerId;
    this.options = options;
    this.#subscriber = subscriber;
  }

  /** Says something to the peer, besides what the coordinator says. */
  say(response: CoordinateResponse): void {
    this.#subscriber.next(response);
  }

  /** Ends the connection as a defect would. */
  break(error: Error): void {
    this.#subscriber.error(error);
  }
}

/** A coordinator as it is, of which one sees what a gateway does with it. */
export class WatchedCoordinator implements Pick<Coordinator, 'coordinate$'> {
  /** Every subscription to a `coordinate$`, in order. */
  readonly connections: WatchedConnection[] = [];
  readonly #coordinator: Pick<Coordinator, 'coordinate$'>;
  readonly #onChange: () => void;
  readonly #defects = new Map<Uuid, Error>();

  /** @param onChange told whenever a connection begins, ends, hears a request, or is or is not ready */
  constructor(coordinator: Pick<Coordinator, 'coordinate$'>, onChange: () => void) {
    this.#coordinator = coordinator;
    this.#onChange = onChange;
  }

  /** The newest connection of a peer. */
  connectionOf(peerId: Uuid): WatchedConnection | undefined {
    return this.connections.findLast((connection) => connection.peerId === peerId);
  }

  /** From now on `coordinate$` throws for this peer instead of returning anything. */
  throwFor(peerId: Uuid, error: Error): void {
    this.#defects.set(peerId, error);
  }

  coordinate$(
    peerId: Uuid,
    requests$: Observable<CoordinateRequest> = NEVER,
    options: CoordinateOptions = {},
  ): Observable<CoordinateResponse> {
    const defect = this.#defects.get(peerId);
    if (defect) throw defect;
    return new Observable((subscriber) => {
      const connection = new WatchedConnection(peerId, options, subscriber);
      this.connections.push(connection);
      subscriber.add(() => {
        connection.isOver = true;
        this.#onChange();
      });
      const watchedRequests$ = requests$.pipe(
        tap({
          next: (request) => {
            connection.requests.push(request);
            this.#onChange();
          },
          error: (error: unknown) => {
            connection.failure = { error };
          },
        }),
      );
      const ready$ = options.ready$?.pipe(
        tap((isReady) => {
          connection.isReady = isReady;
          this.#onChange();
        }),
      );
      this.#onChange();
      const watched = { ...options, ...(ready$ && { ready$ }) };
      subscriber.add(this.#coordinator.coordinate$(peerId, watchedRequests$, watched).subscribe(subscriber));
    });
  }
}
