import { type Observable, type SchedulerLike, exhaustMap, ignoreElements, tap, timer } from 'rxjs';
import type { Uuid } from '../db/store.js';
import { createInbox } from './inbox.js';
import { repeatWhile } from './operators/repeatWhile.js';
import { lateness } from './lateness.js';

/** A source of which a statement that opens tunnels is under way, or has failed. */
interface Source {
  /** Whether it has said goodbye since: then none of its tunnels is to be there, but for those excepted. */
  isGone: boolean;
  /** Tunnels of which the opposite is true, because of what it said before it was lost. Mostly none. */
  except: Set<Uuid> | undefined;
  /** The tick of the last statement about it, once one has failed. */
  since: number | undefined;
  /** Whether a statement is under way that opens tunnels of it. */
  isUnderWay: boolean;
}

/** Of a source that would have more, as by coming and going again and again, nothing is remembered. */
const mostExceptions = 20_000;

/** What is this many ticks old is as old as `lateness`: the first tick may come at once. */
const ripe = 2;

/**
 * A statement that opens tunnels may take effect although it failed, and later than those that follow it. What a
 * connected source wants, and what it has removed, its connection knows. Here is remembered what becomes of a source that
 * goes, so that the check of the own rows can tell which of its rows have come late: from when such a statement is made
 * until it is answered or, if it fails, until a check that nothing can come after any more. Costs O(1) for each source
 * of a statement; and a reference for each tunnel of one that is lost while this is remembered.
 */
export class LateTunnels {
  readonly #sources = new Map<Uuid, Source>();
  readonly #failed$ = createInbox<unknown>();
  #now = 0;

  /** A statement is made that opens tunnels of this source. */
  begun(src: Uuid): void {
    const source = this.#sources.get(src);
    if (source !== undefined) source.isUnderWay = true;
    else this.#sources.set(src, { isGone: false, except: undefined, since: undefined, isUnderWay: true });
  }

  /** A statement about this source is answered, or has had no effect. */
  answered(src: Uuid): void {
    const source = this.#sources.get(src);
    if (source?.since === undefined) this.#sources.delete(src);
    else this.#ended(source);
  }

  /** A statement about this source has failed, whatever it was to do. Where one has that opens tunnels, it may come yet. */
  failed(src: Uuid): void {
    const source = this.#sources.get(src);
    if (source === undefined) return;
    this.#ended(source);
    this.#failed$.next(undefined);
  }

  #ended(source: Source): void {
    source.since = this.#now;
    source.isUnderWay = false;
  }

  /** The source said goodbye: its tunnels are cleared. */
  saidGoodbye(src: Uuid): void {
    const source = this.#sources.get(src);
    if (source === undefined) return;
    source.isGone = true;
    source.except = undefined;
  }

  /** The source was lost: what it wanted stays, what it had removed does not, and what it wanted in earlier lives is as before. */
  wasLost(src: Uuid, wanted: Iterable<Uuid>, removed: Iterable<Uuid>): void {
    const source = this.#sources.get(src);
    if (source === undefined) return;
    const [excepted, not] = source.isGone ? [wanted, removed] : [removed, wanted];
    for (const dst of excepted) (source.except ??= new Set()).add(dst);
    for (const dst of not) source.except?.delete(dst);
    if ((source.except?.size ?? 0) > mostExceptions) this.#sources.delete(src);
  }

  /** Whether a row of this tunnel, which nobody connected wants, has come late. */
  has(src: Uuid, dst: Uuid): boolean {
    const source = this.#sources.get(src);
    if (source?.since === undefined) return false;
    return source.isGone !== (source.except?.has(dst) ?? false);
  }

  /**
   * A check of the own rows begins. What it returns is to be called when all of them have been compared, and then forgets.
   *
   * @param isWaiting whether it is still to be written that this source said goodbye
   */
  checkBegins(isWaiting: (src: Uuid) => boolean): () => void {
    const begunAt = this.#now;
    return () => {
      for (const [src, { since = begunAt, isUnderWay }] of this.#sources) {
        if (begunAt - since >= ripe && !isUnderWay && !isWaiting(src)) this.#sources.delete(src);
      }
    };
  }

  /** How many sources that are remembered. */
  get size(): number {
    return this.#sources.size;
  }

  /** Takes the time while it is subscribed to: the clock may be set. Never completes. */
  time$(scheduler: SchedulerLike): Observable<never> {
    const ticks$ = timer(lateness, scheduler).pipe(
      tap(() => (this.#now += 1)),
      repeatWhile(() => this.#sources.size > 0),
      ignoreElements(),
    );
    return this.#failed$.pipe(exhaustMap(() => ticks$));
  }
}
