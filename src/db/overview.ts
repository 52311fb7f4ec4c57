import type { Observable } from 'rxjs';
import type { Uuid } from './store.js';

/**
 * What the tables hold at one moment, for people who look. Times are milliseconds since 1970, and all of them are by the
 * database's clock, so that their distance from `readAt` is an age wherever it is worked out.
 */
export interface Overview {
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

export interface OverviewCoordinator {
  readonly id: Uuid;
  readonly heartbeatAt: number;
  /** Whether it was heard of lately: within 6 seconds. */
  readonly isLive: boolean;
}

export interface OverviewPeer {
  readonly id: Uuid;
  readonly coordinatorId: Uuid;
  /** `lost`: its connection broke, or its coordinator is silent. */
  readonly status: 'ok' | 'lost';
  readonly writtenAt: number;
}

/** It was opened by `src`; what it makes visible goes both ways. */
export interface OverviewTunnel {
  readonly src: Uuid;
  readonly dst: Uuid;
  readonly coordinatorId: Uuid;
  readonly writtenAt: number;
}

/** Reads everything once for each subscription: emits it, and completes. */
export type ReadOverview = () => Observable<Overview>;
