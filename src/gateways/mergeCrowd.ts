import { Observable, Subscription } from 'rxjs';
import type { OperatorFunction } from 'rxjs';

/**
 * As `mergeAll()`, for thousands that end in any order: that of RxJS looks for each one that ends among all the others.
 * What begins and what ends costs O(1) here, however many there are.
 */
export function mergeCrowd<T>(): OperatorFunction<Observable<T>, T> {
  return (crowd$) =>
    new Observable((subscriber) => {
      const members = new Set<Subscription>();
      let newcomers: Subscription | undefined;
      let isCrowdComplete = false;
      const completeIfDone = (): void => {
        if (isCrowdComplete && members.size === 0) subscriber.complete();
      };
      const fail = (error: unknown): void => {
        subscriber.error(error);
      };
      const begin = (source$: Observable<T>): void => {
        // The subscriber is known before anything comes, which may be what ends it.
        new Observable<T>((member) => {
          members.add(member);
          source$.subscribe(member);
          // Last of all: the source is done with when it counts as gone.
          member.add(() => {
            members.delete(member);
            completeIfDone();
          });
        }).subscribe({
          next: (value) => {
            subscriber.next(value);
          },
          error: fail,
        });
      };
      subscriber.add(() => {
        // One that fails to end keeps no other from it.
        const all = new Subscription();
        all.add(newcomers);
        for (const member of members) all.add(member);
        all.unsubscribe();
      });
      new Observable<Observable<T>>((crowd) => {
        newcomers = crowd;
        crowd$.subscribe(crowd);
      }).subscribe({
        next: begin,
        error: fail,
        complete: () => {
          isCrowdComplete = true;
          completeIfDone();
        },
      });
    });
}
