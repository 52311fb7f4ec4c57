import { type Observable, NEVER, concat, concatMap, defer, from, map, merge, take, takeUntil } from 'rxjs';
import type { CoordinateRequest, DeepPartial, Node } from '../proto/gen/tailnet.js';
import { requests } from '../proto/requests.js';
import type { Uuid } from '../proto/uuid.js';
import { type TunnelLedger, nextLedger } from './tunnelLedger.js';

/** What a client has to say. */
export interface OwnSide {
  /** Replays the newest. */
  readonly node$: Observable<DeepPartial<Node>>;
  /** Replays the newest. */
  readonly tunnels$: Observable<ReadonlySet<Uuid>>;
  /** Replays that it has emitted. */
  readonly goodbye$: Observable<unknown>;
  /** Peers whose nodes are in use. Those that come while there is no connection are told nothing. */
  readonly inUse$: Observable<readonly Uuid[]>;
  /** What the coordinators may hold, over all connections. */
  readonly ledger: { current: TunnelLedger };
  readonly now: () => number;
}

/** A coordinator takes so many in one request. */
const maxReadyForHandshake = 1024;

/**
 * What to send over one connection: everything that is true, then what changes, and a Disconnect once the goodbye is asked
 * for. Never completes.
 */
export const ownRequests$ = (own: OwnSide): Observable<CoordinateRequest> => {
  const said$ = merge(
    own.node$.pipe(map((node) => requests.updateSelf(node))),
    tunnelRequests$(own),
    own.inUse$.pipe(concatMap(readyForHandshake)),
  );
  const goodbye$ = own.goodbye$.pipe(
    take(1),
    map(() => requests.disconnect()),
  );
  return concat(said$.pipe(takeUntil(own.goodbye$)), goodbye$, NEVER);
};

const tunnelRequests$ = ({ tunnels$, ledger, now }: OwnSide): Observable<CoordinateRequest> =>
  defer(() => {
    let isNew = true;
    return tunnels$.pipe(
      concatMap((wanted) => {
        const step = nextLedger(ledger.current, wanted, now(), isNew);
        isNew = false;
        ledger.current = step.ledger;
        return from(step.requests);
      }),
    );
  });

function readyForHandshake(ids: readonly Uuid[]): readonly CoordinateRequest[] {
  const slices: CoordinateRequest[] = [];
  for (let start = 0; start < ids.length; start += maxReadyForHandshake) {
    slices.push(requests.readyForHandshake(...ids.slice(start, start + maxReadyForHandshake)));
  }
  return slices;
}
