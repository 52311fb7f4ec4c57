import { type Observable, BehaviorSubject, ReplaySubject, Subject, defer, finalize, merge } from 'rxjs';
import type { CoordinateOptions } from './coordinator.js';
import type { Uuid } from './db/store.js';
import type { CoordinateRequest, CoordinateResponse } from './proto/gen/tailnet.js';
import { requests } from './proto/requests.js';

/** One connection that follows many agents. Every method throws `multiagent is closed` once it is. */
export interface MultiAgent {
  /** Whether it was closed, by `close()` or by the coordinator. */
  readonly isClosed: boolean;
  /**
   * What is learnt of the agents. While nobody subscribes nothing is queued: changes merge, and the next subscriber gets
   * what has become of them. Give each response to one subscriber: there is one state of what was told. Completes when
   * closed; the coordinator's reason comes before, as a response with an `error`.
   */
  readonly updates$: Observable<CoordinateResponse>;
  /** Publishes the own node. */
  updateSelf(node: Parameters<typeof requests.updateSelf>[0]): void;
  /** Follows an agent: opens a tunnel to it. */
  subscribeAgent(agentId: Uuid): void;
  /** Follows an agent no longer. */
  unsubscribeAgent(agentId: Uuid): void;
  /** Says goodbye. May be called twice. */
  close(): void;
}

/** What of the coordinator it needs. */
type Coordinate$ = (
  requests$: Observable<CoordinateRequest>,
  options: CoordinateOptions,
) => Observable<CoordinateResponse>;

export const createMultiAgent = (coordinate$: Coordinate$): MultiAgent => {
  const requests$ = new Subject<CoordinateRequest>();
  const responses$ = new Subject<CoordinateResponse>();
  /** The last response, kept for whoever subscribes after it. */
  const reason$ = new ReplaySubject<CoordinateResponse>(1);
  const ready$ = new BehaviorSubject(false);
  let subscribers = 0;
  let isClosed = false;

  const connected = coordinate$(requests$, { ready$ }).subscribe({
    next: (response) => {
      (response.error === '' ? responses$ : reason$).next(response);
    },
    complete: () => {
      isClosed = true;
      reason$.complete();
      responses$.complete();
    },
  });

  const send = (request: CoordinateRequest): void => {
    if (isClosed) throw new Error('multiagent is closed');
    requests$.next(request);
  };

  const count = (change: 1 | -1): void => {
    subscribers += change;
    ready$.next(subscribers > 0);
  };

  return {
    get isClosed() {
      return isClosed;
    },
    updates$: defer(() => {
      const updates$ = merge(
        responses$,
        reason$,
        defer(() => {
          count(1);
          return [];
        }),
      );
      return updates$.pipe(
        finalize(() => {
          count(-1);
        }),
      );
    }),
    updateSelf: (node) => {
      send(requests.updateSelf(node));
    },
    subscribeAgent: (agentId) => {
      send(requests.addTunnel(agentId));
    },
    unsubscribeAgent: (agentId) => {
      send(requests.removeTunnel(agentId));
    },
    close: () => {
      if (isClosed) return;
      send(requests.disconnect());
      connected.unsubscribe();
      isClosed = true;
      reason$.complete();
      responses$.complete();
    },
  };
};
