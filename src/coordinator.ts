import type { Observable } from 'rxjs';
import type { Auth } from './auth/auth.js';
import type { Uuid } from './db/store.js';
import type { MultiAgent } from './multiAgent.js';
import type { CoordinatorOptions } from './options.js';
import type { CoordinateRequest, CoordinateResponse, Node } from './proto/gen/tailnet.js';

/** How a coordinator is. Only a healthy one takes connections. */
export type Health = 'starting' | 'healthy' | 'unhealthy' | 'closing' | 'closed';

/** What a connection may say about itself. */
export interface CoordinateOptions {
  /** A name for the logs. Default: the peer's id. */
  readonly name?: string;
  /** Authorises every request. Default `peerAuth()`: everything is allowed. */
  readonly auth?: Auth;
  /** Back-pressure: while its last value is false nothing is emitted, and what changes meanwhile is merged. Default: always true. */
  readonly ready$?: Observable<boolean>;
}

export interface Coordinator extends AsyncDisposable {
  readonly id: Uuid;
  /** Replays the current state; completes after `closed`. */
  readonly health$: Observable<Health>;
  /** The live coordinators, this one included, sorted by id; replays the current set. */
  readonly coordinators$: Observable<readonly Uuid[]>;
  coordinate$(
    peerId: Uuid,
    requests$?: Observable<CoordinateRequest>,
    options?: CoordinateOptions,
  ): Observable<CoordinateResponse>;
  node$(peerId: Uuid): Observable<Node | undefined>;
  multiAgent(peerId: Uuid): MultiAgent;
  close(): Promise<void>;
}

export function createCoordinator(_options: CoordinatorOptions): Coordinator {
  throw new Error('being written');
}
