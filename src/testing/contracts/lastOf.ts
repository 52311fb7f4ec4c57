import { lastValueFrom, type Observable } from 'rxjs';

/** The last value of an Observable once it completes, or undefined if it had none. */
export function lastOf<T>(source$: Observable<T>): Promise<T | undefined> {
  return lastValueFrom(source$, { defaultValue: undefined });
}
