import { BehaviorSubject, defer, filter, finalize, switchMap, take, tap } from 'rxjs';
import type { Observable } from 'rxjs';
import type { Refusal } from './refusal.js';

/** What somebody is told who comes when the gateway does not take anybody any more. */
export const shuttingDown: Refusal = { status: 503, reason: 'shutting down', headers: { 'Retry-After': '1' } };

/** How many are here, those who are still being identified included, and whether more may come. */
export class Attendance {
  readonly #max: number;
  readonly #what: string;
  readonly #present$ = new BehaviorSubject(0);
  #isDraining = false;

  /** @param what is counted, for who comes when there are too many. Default `connections` */
  constructor(max: number, what = 'connections') {
    this.#max = max;
    this.#what = what;
  }

  /** Why nobody may come now, whoever it is; nothing if somebody may. */
  get obstacle(): Refusal | undefined {
    if (this.#isDraining) return shuttingDown;
    if (this.#present$.value < this.#max) return undefined;
    return { ...shuttingDown, reason: `too many ${this.#what}: at most ${String(this.#max)}` };
  }

  /** Counts somebody for as long as this is subscribed to. */
  counted<T>(source$: Observable<T>): Observable<T> {
    return defer(() => {
      this.#present$.next(this.#present$.value + 1);
      return source$;
    }).pipe(
      finalize(() => {
        this.#present$.next(this.#present$.value - 1);
      }),
    );
  }

  /** Lets nobody in from when `drain$` emits, and emits itself when the last one has gone. */
  drained$(drain$: Observable<unknown>): Observable<unknown> {
    return drain$.pipe(
      take(1),
      tap(() => {
        this.#isDraining = true;
      }),
      switchMap(() => this.#present$),
      filter((present) => present === 0),
    );
  }
}
