import { BehaviorSubject, Observable, ReplaySubject, Subject, Subscription, defer, finalize, from, merge } from 'rxjs';
import type { CoordinateOptions, Coordinator } from './api.js';
import type { Uuid } from './db/store.js';
import { MergedUpdates } from './mergedUpdates.js';
import type { CoordinateRequest, CoordinateResponse } from './proto/gen/tailnet.js';
import { requests } from './proto/requests.js';
import { parseUuid } from './proto/uuid.js';

/** One connection that follows many agents. Every method but `close` throws `multiagent is closed` once it is. */
export interface MultiAgent {
  /** Whether it was closed, by `close()` or by the coordinator. */
  readonly isClosed: boolean;
  /**
   * What is learnt of the agents. While nobody subscribes nothing is queued: changes merge, and the next subscriber gets
   * what has become of them. Give each response to one subscriber: there is one state of what was told. Completes when
   * closed; the coordinator's reason comes before, as a response with an `error`. Errors if `coordinate$` did, as that of
   * a client may whose network is down.
   */
  readonly updates$: Observable<CoordinateResponse>;
  /** Publishes the own node. */
  updateSelf(node: Parameters<typeof requests.updateSelf>[0]): void;
  /** Follows an agent: opens a tunnel to it. Throws TypeError `not a UUID: "…"`. */
  subscribeAgent(agentId: Uuid): void;
  /** Follows an agent no longer. Throws TypeError `not a UUID: "…"`. */
  unsubscribeAgent(agentId: Uuid): void;
  /** Says goodbye. May be called twice. */
  close(): void;
}

/** So many agents that are followed no longer are remembered. */
const rememberedLeft = 10_000;

/**
 * Connects at once, as one peer that follows many agents, to whatever has a `coordinate$`: a coordinator, or a client of
 * a gateway on another machine.
 *
 * Whenever `coordinate$` subscribes to what it is given, it is first told what was said so far: the node, the agents that
 * are followed, and the last 10,000 that are followed no longer, to whom an earlier connection may have left a tunnel. So
 * a client may do so when it has connected, and one that connects again after a failure says all of it again.
 *
 * @param options for `coordinate$`
 * @throws TypeError `not a UUID: "…"`, or what else `coordinate$` throws at once
 */
export const createMultiAgent = (
  coordinator: Pick<Coordinator, 'coordinate$'>,
  peerId: Uuid,
  options: Pick<CoordinateOptions, 'auth' | 'name'> = {},
): MultiAgent => {
  const changes$ = new Subject<CoordinateRequest>();
  const responses$ = new Subject<CoordinateResponse>();
  /** The last response, kept for whoever subscribes after it, and how it ended. */
  const reason$ = new ReplaySubject<CoordinateResponse>(1);
  const ready$ = new BehaviorSubject(false);
  const connection = new Subscription();
  /** What was said and still counts. */
  const agents = new Set<Uuid>();
  /** Those followed no longer, oldest first. An earlier connection may have left a tunnel to them. */
  const left = new Set<Uuid>();
  let self: CoordinateRequest | undefined;
  /** What came although nobody was ready: what a client had received already. */
  const waiting = new MergedUpdates();
  let isClosed = false;
  let hasSaidGoodbye = false;

  const requests$ = new Observable<CoordinateRequest>((subscriber) => {
    // A client that comes back after the goodbye has nothing to come back for.
    if (hasSaidGoodbye) {
      connection.unsubscribe();
    } else if (isClosed) {
      sayGoodbye(subscriber);
    } else {
      // Whoever is told something may answer with a change, which must not be missed.
      subscriber.add(changes$.subscribe(subscriber));
      if (self !== undefined) subscriber.next(self);
      for (const agentId of agents) subscriber.next(requests.addTunnel(agentId));
      for (const agentId of left) subscriber.next(requests.removeTunnel(agentId));
    }
  });

  const sayGoodbye = (listener: Pick<Subject<CoordinateRequest>, 'complete' | 'next'>): void => {
    hasSaidGoodbye = true;
    listener.next(requests.disconnect());
    listener.complete();
  };

  const send = (request: CoordinateRequest): void => {
    if (isClosed) throw new Error('multiagent is closed');
    changes$.next(request);
  };

  const end = (): void => {
    isClosed = true;
    reason$.complete();
    responses$.complete();
  };

  const updates$ = defer(() => {
    const held = waiting.take();
    return merge(
      from(held === undefined ? [] : [held]),
      responses$,
      reason$,
      defer(() => {
        ready$.next(true);
        return [];
      }),
    );
  }).pipe(
    finalize(() => {
      // Not after one of several.
      if (!responses$.observed && !isClosed) ready$.next(false);
    }),
  );

  connection.add(
    coordinator.coordinate$(peerId, requests$, { ...options, ready$ }).subscribe({
      next: (response) => {
        if (response.error !== '') reason$.next(response);
        else if (responses$.observed) responses$.next(response);
        else if (!isClosed) waiting.add(response);
      },
      error: (error: unknown) => {
        isClosed = true;
        reason$.error(error);
        responses$.complete();
      },
      complete: end,
    }),
  );

  return {
    get isClosed() {
      return isClosed;
    },
    updates$,
    updateSelf: (node) => {
      const request = requests.updateSelf(node);
      send(request);
      self = request;
    },
    subscribeAgent: (agentId) => {
      const id = parseUuid(agentId);
      send(requests.addTunnel(id));
      left.delete(id);
      agents.add(id);
    },
    unsubscribeAgent: (agentId) => {
      const id = parseUuid(agentId);
      send(requests.removeTunnel(id));
      agents.delete(id);
      left.delete(id);
      left.add(id);
      for (const oldest of left) {
        if (left.size <= rememberedLeft) break;
        left.delete(oldest);
      }
    },
    close: () => {
      if (isClosed) return;
      end();
      if (changes$.observed) sayGoodbye(changes$);
      // What still comes is thrown away, or the end, which comes after it, would not be read.
      ready$.next(true);
    },
  };
};
