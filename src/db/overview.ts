import type { Observable } from 'rxjs';
import type { Uuid } from './store.js';

/**
 * What the tables hold at one moment, for people who look. Times are milliseconds since 1970, and all of them are by the
 * database's clock, so that their distance from `readAt` is an age wherever it is worked out.
 */
export interface Overview {
  /** When the tables were read. */
  readonly readAt: number;
  /** Whether there is more than could be read: then what is here is only a part. */
  readonly isPartial: boolean;
  /** The most recently heard of first. */
  readonly coordinators: readonly OverviewCoordinator[];
  /** One for each coordinator that a peer was seen at, in the order of their ids. */
  readonly peers: readonly OverviewPeer[];
  /** One for each coordinator where a tunnel was opened, in the order of those. */
  readonly tunnels: readonly OverviewTunnel[];
}

/** A row of `tailnet_coordinators`. */
export interface OverviewCoordinator {
  /** The coordinator. */
  readonly id: Uuid;
  /** When it was last heard of. */
  readonly heartbeatAt: number;
  /** Whether it was heard of lately: within 6 seconds. */
  readonly isLive: boolean;
}

/** A row of `tailnet_peers`, without the node. */
export interface OverviewPeer {
  /** The peer. */
  readonly id: Uuid;
  /** The coordinator that it was seen at. */
  readonly coordinatorId: Uuid;
  /** `lost`: its connection broke, or its coordinator is silent. */
  readonly status: 'ok' | 'lost';
  /** When the row was last written. */
  readonly writtenAt: number;
}

/** It was opened by `src`; what it makes visible goes both ways. */
export interface OverviewTunnel {
  /** Who opened it. */
  readonly src: Uuid;
  /** To whom. */
  readonly dst: Uuid;
  /** The coordinator that it was opened at. */
  readonly coordinatorId: Uuid;
  /** When it was opened. */
  readonly writtenAt: number;
}

/** Reads everything once for each subscription: emits it, and completes. */
export type ReadOverview = () => Observable<Overview>;
