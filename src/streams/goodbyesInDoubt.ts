import { type Observable, type SchedulerLike, exhaustMap, ignoreElements, tap, timer } from 'rxjs';
import type { Uuid } from '../db/store.js';
import { createInbox } from './inbox.js';
import { repeatWhile } from './operators/repeatWhile.js';

/**
 * Milliseconds after the last failure for which it is remembered at least, and twice that at most: until the own rows
 * have been checked, when nothing can come any more of the statements that failed (`ownRowsDoubts.ts`).
 */
const memory = 60_000;

/**
 * A statement that opens tunnels may take effect although it failed, and as late as after the goodbye that cleared them.
 * Nobody connected answers for such a row, and nobody would look for it: so here is remembered whose it would be, for
 * the check of the own rows. Costs O(1) for each source of a statement that failed; nothing is held unless one does.
 */
export class GoodbyesInDoubt {
  /** Sources of which a statement failed: whether a goodbye was the last that came of them. */
  #sources = new Map<Uuid, boolean>();
  /** Those of the time before, which are forgotten next. */
  #older = new Map<Uuid, boolean>();
  readonly #failed$ = createInbox<unknown>();

  /** Whether a statement about this source has failed lately that opened tunnels. */
  concerns(src: Uuid): boolean {
    return this.#sources.has(src) || this.#older.has(src);
  }

  /**
   * A statement about this source has failed, and may take effect yet.
   *
   * @param isGone whether a goodbye was the last that came of it
   */
  failed(src: Uuid, isGone: boolean): void {
    this.#sources.set(src, isGone);
    this.#failed$.next(undefined);
  }

  /** The source said goodbye, so its tunnels go; or it was lost, so they stay, those that come late among them. */
  ended(src: Uuid, isGone: boolean): void {
    for (const sources of [this.#sources, this.#older]) if (sources.has(src)) sources.set(src, isGone);
  }

  /** Whether a tunnel of this source that nobody wants may be one that came late. */
  has(src: Uuid): boolean {
    return this.#sources.get(src) ?? this.#older.get(src) ?? false;
  }

  /** Forgets while it is subscribed to. Never completes. */
  forgotten$(scheduler: SchedulerLike): Observable<never> {
    const forget$ = timer(memory, scheduler).pipe(
      tap(() => {
        this.#older = this.#sources;
        this.#sources = new Map();
      }),
      repeatWhile(() => this.#older.size > 0),
      ignoreElements(),
    );
    return this.#failed$.pipe(exhaustMap(() => forget$));
  }
}
