import { type OperatorFunction, Observable, defer, exhaustMap, groupBy, mergeMap, tap } from 'rxjs';
import { repeatWhile } from './repeatWhile.js';

/**
 * Runs `run(key)` for the keys that come, one run of a key at a time. A key that comes while its own run is in flight
 * marks it: the run is made once more afterwards, however often the key came. So after the last time a key came, at
 * least one complete run of it starts; and what it does there, it does with what is true by then, provided that `run`
 * looks things up when it is called and not before.
 *
 * It is `groupBy` and `exhaustMap`. `exhaustMap` alone would lose the key that comes during a run; the marks bring it
 * back. A group ends with its last run, in the same turn, so an idle key costs nothing and no key falls between.
 *
 * If a run fails, so does the result, and with it all other keys. Whoever wants to go on handles the error inside of
 * `run`. The result completes when the source has completed and all runs, marked ones included, have ended.
 *
 * For few keys. Where they come by the thousand, `coalesceInBatches` makes the same promise for less.
 */
export const coalesceByKey = <K, R>(run: (key: K) => Observable<R>): OperatorFunction<K, R> => {
  return (keys$) =>
    new Observable((subscriber) => {
      /** Keys that came and whose next attempt has not started yet. */
      const marked = new Set<K>();
      /** Ends the group of a key. One for each key with a run. */
      const endGroup = new Map<K, () => void>();

      const attempt = (key: K): Observable<R> =>
        defer(() => {
          marked.delete(key);
          return run(key);
        });

      const isMarkedOrEnds = (key: K): boolean => {
        if (marked.has(key)) return true;
        endGroup.get(key)?.();
        return false;
      };

      const runWhileMarked = (key: K): Observable<R> => attempt(key).pipe(repeatWhile(() => isMarkedOrEnds(key)));

      keys$
        .pipe(
          tap((key) => marked.add(key)),
          groupBy((key) => key, {
            duration: ({ key }) =>
              new Observable<void>((group) => {
                endGroup.set(key, () => {
                  group.next();
                });
                return () => endGroup.delete(key);
              }),
          }),
          mergeMap((group$) => group$.pipe(exhaustMap(runWhileMarked))),
        )
        .subscribe(subscriber);
    });
};
