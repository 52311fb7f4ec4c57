import { type Observable, endWith, merge, takeWhile } from 'rxjs';

const end = Symbol('end');

/** Merges sources and completes as soon as one of them does: they live and end together. */
export const untilAnyCompletes = <T>(...sources: readonly Observable<T>[]): Observable<T> =>
  merge(...sources.map((source$) => source$.pipe(endWith(end)))).pipe(takeWhile((value): value is T => value !== end));
