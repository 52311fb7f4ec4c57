import { catchError, defer, map, of, share, switchMap, throwError } from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';
import { candidatesOf } from './jwtKeys.js';
import type { RefreshableKeys } from './jwtKeys.js';
import type { TokenHeader } from './tokenHeader.js';
import type { JwtAlgorithm, VerificationKey } from './verificationKey.js';

/** What becomes of keys that are read from elsewhere. Only what is new is told. */
export type KeysEvent =
  /** Other keys than before are used from now on. `ids` are their names (`kid`), as far as they have any. */
  | { readonly kind: 'loaded'; readonly count: number; readonly ids: readonly string[] }
  /** They could not be read. Those that were read before, if any, go on being used. */
  | { readonly kind: 'failed'; readonly error: unknown };

export interface KeyCacheOptions {
  /** What these keys may be for. Nothing is read for a token that is signed in another way. */
  readonly algorithms: readonly JwtAlgorithm[];
  /** Emits all keys there are, once, or fails. Subscribed to again whenever they may have changed. */
  readonly load$: Observable<readonly VerificationKey[]>;
  /** Keys that were read so long ago are read again before they are used. Milliseconds. */
  readonly maxAge: number;
  /** So long after one reading the next may follow that an unknown key asks for. Milliseconds. */
  readonly cooldown: number;
  /** So long after a reading that failed the next may follow. Milliseconds. */
  readonly retryAfter: number;
  readonly scheduler: SchedulerLike;
  readonly onEvent: (event: KeysEvent) => void;
}

/**
 * Keys that are read from elsewhere when they are needed, and kept. Nothing waits for a time to come, so there is nothing
 * to close. When they cannot be read again, those that were read before go on being used.
 */
export class KeyCache implements RefreshableKeys {
  readonly #options: KeyCacheOptions;
  #keys: readonly VerificationKey[] | undefined;
  /** Why they could not be read the last time, if they could not. */
  #failure: unknown;
  #loadedAt = -Infinity;
  /** When they were last asked for, whatever came of it. */
  #askedAt = -Infinity;
  #asking$: Observable<readonly VerificationKey[]> | undefined;

  constructor(options: KeyCacheOptions) {
    this.#options = options;
  }

  readonly refreshed$ = defer(() => (this.#asking$ ??= this.#ask()));

  candidates$(header: TokenHeader): Observable<readonly VerificationKey[]> {
    if (!this.#options.algorithms.includes(header.algorithm)) return of([]);
    return this.#current$.pipe(
      map((keys) => candidatesOf(keys, header)),
      switchMap((found) => {
        const { cooldown } = this.#options;
        if (found.length > 0 || !this.#mayAskAfter(cooldown)) return of(found);
        // It may be a key that was made since.
        return this.refreshed$.pipe(map((keys) => candidatesOf(keys, header)));
      }),
      // It may still be one, for all we know.
      switchMap((found) => (found.length === 0 && this.#failure !== undefined ? this.#failed$ : of(found))),
    );
  }

  /** Keys that are not too old, if such are to be had. */
  readonly #current$ = defer(() => {
    const { maxAge, retryAfter, scheduler } = this.#options;
    const keys = this.#keys;
    if (this.#failure === undefined) {
      return keys && scheduler.now() - this.#loadedAt < maxAge ? of(keys) : this.refreshed$;
    }
    if (!this.#mayAskAfter(retryAfter)) return keys ? of(keys) : this.#failed$;
    if (!keys) return this.refreshed$;
    // While there is nothing newer to be had, nobody who connects need wait for it in vain.
    this.refreshed$.subscribe();
    return of(keys);
  });

  readonly #failed$ = throwError(() => this.#failure);

  #mayAskAfter(pause: number): boolean {
    return this.#asking$ !== undefined || this.#options.scheduler.now() - this.#askedAt >= pause;
  }

  /** One reading for all who wait for one. It goes on when they leave, so that nobody can keep others from it by leaving. */
  #ask(): Observable<readonly VerificationKey[]> {
    return defer(() => {
      this.#askedAt = this.#options.scheduler.now();
      return this.#options.load$;
    }).pipe(
      map((keys) => this.#take(keys)),
      catchError((error: unknown) => {
        this.#fail(error);
        return this.#keys ? of(this.#keys) : throwError(() => error);
      }),
      share({ resetOnRefCountZero: false }),
    );
  }

  #fail(error: unknown): void {
    if (String(error) !== String(this.#failure)) this.#options.onEvent({ kind: 'failed', error });
    this.#failure = error;
    this.#asking$ = undefined;
  }

  /** The same keys as before stay the same objects: what was derived from them is still of use. */
  #take(keys: readonly VerificationKey[]): readonly VerificationKey[] {
    const known = this.#keys !== undefined && areEqual(this.#keys, keys) ? this.#keys : undefined;
    if (known === undefined || this.#failure !== undefined) {
      this.#options.onEvent({ kind: 'loaded', count: keys.length, ids: keys.flatMap(({ id }) => id ?? []) });
    }
    this.#failure = undefined;
    // Not at its end: whoever hears of these keys may want to ask again.
    this.#asking$ = undefined;
    this.#loadedAt = this.#options.scheduler.now();
    this.#keys = known ?? keys;
    return this.#keys;
  }
}

function areEqual(some: readonly VerificationKey[], others: readonly VerificationKey[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ id, key }, index) => id === others[index]?.id && others[index]?.key.equals(key) === true)
  );
}
