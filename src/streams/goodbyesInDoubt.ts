import { type Observable, type SchedulerLike, ignoreElements, switchMap, tap, timer } from 'rxjs';
import type { Uuid } from '../db/store.js';
import { createInbox } from './inbox.js';

/**
 * Milliseconds after the last failure for which is remembered who is in doubt: until the own rows have been checked, when
 * nothing can come any more of the statements that failed (`ownRowsDoubts.ts`).
 */
const memory = 60_000;

/**
 * A statement that opens tunnels may take effect although it failed, and as late as after the goodbye that cleared them.
 * Nobody connected answers for such a row, and nobody would look for it: so here is remembered whose it would be, for
 * the check of the own rows. O(1) for each source; nothing is held unless a write fails.
 */
export class GoodbyesInDoubt {
  /** Sources of which a statement failed that opens tunnels. */
  readonly #opening = new Set<Uuid>();
  /** Those of them that have said goodbye since it was made. */
  readonly #gone = new Set<Uuid>();
  readonly #failed$ = createInbox<unknown>();

  /**
   * A statement that opens tunnels of this source has failed.
   *
   * @param isGoodbyeDue whether a goodbye of it is still to be written
   */
  openingFailed(src: Uuid, isGoodbyeDue: boolean): void {
    this.#opening.add(src);
    if (isGoodbyeDue) this.#gone.add(src);
    this.#failed$.next(undefined);
  }

  /** The source said goodbye: its tunnels are cleared. */
  saidGoodbye(src: Uuid): void {
    if (this.#opening.has(src)) this.#gone.add(src);
  }

  /** The source was lost: its tunnels stay, those that come late among them. */
  wasLost(src: Uuid): void {
    this.#gone.delete(src);
  }

  /** Whether a tunnel of this source that nobody wants may be one that came late. */
  has(src: Uuid): boolean {
    return this.#gone.has(src);
  }

  /** Forgets while it is subscribed to. Never completes. */
  forgotten$(scheduler: SchedulerLike): Observable<never> {
    return this.#failed$.pipe(
      switchMap(() => timer(memory, scheduler)),
      tap(() => {
        this.#opening.clear();
        this.#gone.clear();
      }),
      ignoreElements(),
    );
  }
}
