import { exhaustMap, filter, firstValueFrom, from, map, merge, Subject, timer } from 'rxjs';

/** Asks coordinators for as long as it is not disposed of. */
export interface HealthWatch extends Disposable {
  /** Every answer of `/healthz` that was not 200, and everything that kept it from coming within ten seconds. */
  readonly failures: readonly string[];
  /** Resolves with the first answer after a time of `performance.now()`. */
  until(time: number): Promise<void>;
}

/** Milliseconds from one question to the next, and how long an answer may take. */
const [period, patience] = [200, 10_000];

export const healthWatch = (urls: readonly string[]): HealthWatch => {
  const failures: string[] = [];
  const answered$ = new Subject<number>();
  const ask = async (url: string): Promise<void> => {
    try {
      const { status } = await fetch(`${url}/healthz`, {
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(patience),
      });
      if (status !== 200) failures.push(`${url}: ${String(status)}`);
    } catch (error) {
      failures.push(`${url}: ${String(error)}`);
    }
    answered$.next(performance.now());
  };
  const asking = merge(...urls.map((url) => timer(0, period).pipe(exhaustMap(() => from(ask(url)))))).subscribe();
  return {
    failures,
    until: (time) =>
      firstValueFrom(
        answered$.pipe(
          filter((now) => now >= time),
          map(() => undefined),
        ),
      ),
    [Symbol.dispose]: () => asking.unsubscribe(),
  };
};
