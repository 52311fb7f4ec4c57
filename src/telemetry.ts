import type { Observable } from 'rxjs';
import type { Bus } from './db/bus.js';
import type { Store, StoreErrorReason, Uuid } from './db/store.js';
import type { CoordinateRequest, CoordinateResponse_PeerUpdate_Kind as PeerUpdateKind } from './proto/gen/tailnet.js';

/** How much a coordinator holds. */
export interface Holdings {
  /** Peers connected here. */
  readonly peers: number;
  /** Watches: those who look at a peer without being one. */
  readonly watches: number;
  /** Tunnels that peers connected here have opened. To read it costs O(peers): it is for who looks now and then. */
  readonly tunnels: number;
  /** Pairs of a peer connected here and a peer that it shares a tunnel with. */
  readonly edges: number;
  /** Peers whose bindings are held, because somebody here looks at them. */
  readonly watched: number;
}

/** A coordinator, as telemetry sees it. */
export interface ObservedCoordinator {
  /** Its UUID. */
  readonly id: Uuid;
  /** Replays the current state; completes after `closed`. */
  readonly health$: Observable<'starting' | 'healthy' | 'unhealthy' | 'closing' | 'closed'>;
  /** The live coordinators, this one included. Replays the current set; completes when closed. */
  readonly coordinators$: Observable<readonly Uuid[]>;
  /** How many of them beat in the database and are not heard on the bus, as when they use another one. As of when it is read. */
  readonly unheard: number;
  /** As of when it is read. */
  readonly holdings: Holdings;
}

/** A call of the store, or of the bus. `announce`: what writes have changed, published on a bus that is not the database. */
export type Query = keyof Store | keyof Pick<Bus, 'publish'> | 'announce';

/** How a call ended. `abandoned`: nobody waited for the answer any longer. `defect`: with an error that is no StoreError. */
export type QueryResult = 'ok' | StoreErrorReason | 'abandoned' | 'defect';

/** Work that is done for many keys in a batch, each key in one batch at a time. */
export type Work = 'writeBindings' | 'writeTunnels' | 'readTunnels' | 'readBindings' | 'leftovers' | 'acknowledgements';

/**
 * What became of a request. `accepted`: done, or to be done. `warned`: answered with an error after which the connection
 * goes on. The others ended it: `invalid` in itself, `unauthorized`, or `failed` by a defect.
 */
export type RequestResult = 'accepted' | 'warned' | 'invalid' | 'unauthorized' | 'failed';

/** A notification of the bus, as far as it is counted. */
export interface HeardHint {
  /** What it is about; `gap`: some may have been missed. */
  readonly kind: 'heartbeat' | 'binding' | 'peer' | 'tunnel' | 'ready' | 'gap';
  /** Of a heartbeat. */
  readonly coordinatorId?: Uuid;
  /** Of `peer`, and of each row in a `binding`: whose binding has changed. */
  readonly peerId?: Uuid;
}

/**
 * Who is told what happens in a coordinator: plain facts, in the moment in which they are true, so that it can count
 * them and take the time. It decides nothing, and nothing waits for it.
 *
 * It is called synchronously, some of it for every update of every peer: whatever it does, it does at once, and cheaply.
 * It must not throw, and must not call the coordinator. Most facts carry no time: whoever listens knows when it is.
 * `createMetrics` of `tailnet-coordinator/metrics` makes one for Prometheus.
 */
export interface Telemetry {
  /** Milliseconds on a clock of its own, with fractions, that is never set back. Only differences mean anything. */
  now(): number;
  /** A coordinator has started. Told once, before anything else. */
  started(coordinator: ObservedCoordinator): void;

  /** A request of a peer was handled. One request may ask for several things. */
  requestHandled(request: CoordinateRequest, result: RequestResult): void;
  /** A node that differs from the one before was taken in, to be written. */
  nodeAccepted(peerId: Uuid): void;
  /**
   * The newest that is known of this peer is in the database. `isGone`: that is nothing, since it has said goodbye; where
   * nothing was there before either, no notification tells of it.
   */
  bindingWritten(peerId: Uuid, isGone: boolean): void;

  /**
   * A notification came. `isOfInterest`: of `peer`, whether that peer is read, because somebody here looks at it and the
   * `binding` just before did not do; of `binding`, whether somebody here looks at the peer.
   */
  hintHeard(hint: HeardHint, isOfInterest: boolean): void;
  /** The bindings of this peer were read, and all receivers that are ready have been told what that changes. */
  bindingsTold(peerId: Uuid): void;
  /** They were not read, for nobody here looks at this peer any more. */
  bindingsIgnored(peerId: Uuid): void;
  /** One peer was told of another. */
  updateTold(kind: PeerUpdateKind): void;
  /** Something changed for a receiver that is not ready; it is merged with what waits for it already. */
  changesConflated(): void;
  /** A receiver is not ready any more. `receiverResumed` follows. */
  receiverStopped(): void;
  /** It is ready again, or gone, so many milliseconds later. */
  receiverResumed(milliseconds: number): void;

  /** A call of the database has ended, after so many milliseconds. `keys`: how much it was about, where it is for many. */
  queryEnded(query: Query, result: QueryResult, milliseconds: number, keys: number | undefined): void;
  /** A key came that waits for its batch already: one run does for both. */
  keyCoalesced(work: Work): void;
  /** The database refused what was to be done for a key, for good; or that was a defect. */
  keyGivenUp(work: Work, key: string): void;

  /** A heartbeat is being written. `heartbeatEnded` follows. */
  heartbeatBegun(): void;
  /** It is written; or it failed, or took too long. */
  heartbeatEnded(isWritten: boolean): void;
  /** All that is of interest here was asked for again after a gap; that took so many milliseconds. */
  resynced(milliseconds: number): void;
}

const nothing = (): void => undefined;

/** Tells nobody. The default: it costs a call that does nothing, and no clock is read. */
export const silentTelemetry: Telemetry = {
  now: () => 0,
  started: nothing,
  requestHandled: nothing,
  nodeAccepted: nothing,
  bindingWritten: nothing,
  hintHeard: nothing,
  bindingsTold: nothing,
  bindingsIgnored: nothing,
  updateTold: nothing,
  changesConflated: nothing,
  receiverStopped: nothing,
  receiverResumed: nothing,
  queryEnded: nothing,
  keyCoalesced: nothing,
  keyGivenUp: nothing,
  heartbeatBegun: nothing,
  heartbeatEnded: nothing,
  resynced: nothing,
};
