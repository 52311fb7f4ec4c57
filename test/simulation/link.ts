import type { BehaviorSubject, Subject, Subscription } from 'rxjs';
import type { Uuid } from '../../src/db/store.js';
import type { CoordinateRequest } from '../../src/proto/gen/tailnet.js';
import type { Witness } from './judge.js';
import type { Process } from './simulatedTime.js';
import type { Site } from './site.js';
import type { Post } from './truth.js';

/** A connection, as its peer sees it. */
export interface Link {
  readonly peer: number;
  readonly site: Site;
  readonly process: Process;
  readonly witness: Witness;
  readonly requests$: Subject<CoordinateRequest>;
  /** What is to be noted when the coordinator lets a request take effect. */
  readonly effects: Map<CoordinateRequest, (post: Post) => void>;
  readonly ready$: BehaviorSubject<boolean>;
  readonly wire: Subscription;
  /** What the coordinator knows the peer by; undefined until it has taken the connection. */
  post: Post | undefined;
  isOver: boolean;
  /** Whether the peer has done something that ends it. */
  mayEnd: boolean;
}

/** Who may be connected. */
export interface Peer {
  readonly id: Uuid;
  derp: number;
  asOf: number;
  readonly tunnels: Set<number>;
  link: Link | undefined;
}
