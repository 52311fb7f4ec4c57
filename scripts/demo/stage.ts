import type { Observable } from 'rxjs';
import type { CoordinateRequest, CoordinateResponse } from '../../src/proto/index.js';
import type { Uuid } from '../../src/proto/uuid.js';
import type { CoordinatorName } from './mesh.js';

/** Two coordinators over one database, one of which can be killed. */
export interface Stage {
  /** How long a second of the story takes here, in milliseconds. */
  readonly second: number;
  /** A connection of a peer, as `coordinate$` of the coordinator. Completes or fails when it breaks. */
  connect$(at: CoordinatorName, id: Uuid, requests$: Observable<CoordinateRequest>): Observable<CoordinateResponse>;
  /** Ends north so that it can say nothing to anybody. */
  killNorth(): void;
  /** Ends all that is left. */
  close(): Promise<void>;
}
