import type { Observable } from 'rxjs';
import type { Bus } from './bus.js';
import type { Store } from './store.js';

/** What a coordinator stands on. Coordinators that share one see each other's peers. */
export interface Database {
  /** The tables. */
  readonly store: Store;
  /** Notifications between those who share the tables. */
  readonly bus: Bus;
  /** Gives back connections; called by the coordinator only when it opened the database itself. */
  close?(): Observable<never>;
}
