import { networkInterfaces } from 'node:os';
import { asyncScheduler, auditTime, distinctUntilChanged, map, merge, retry, startWith, timer } from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';
import { holdProcess } from './holdProcess.js';
import { localEndpoints } from './localEndpoints.js';

/**
 * How long addresses may come and go before it is looked, in milliseconds: roaming takes one away and brings another.
 */
const settling = 100;

/** How often it is looked without a reason, in milliseconds. */
const lookPeriod = 10_000;

/**
 * The endpoints of this machine, now and whenever they change.
 *
 * That something may have changed is a hint from `ip monitor`; what is true is read from the system.
 *
 * @param hints$ emits when an address may have changed; must not error
 * @param read the endpoints as they are
 */
export const watchEndpoints = (
  hints$: Observable<unknown>,
  read: () => readonly string[],
  scheduler: SchedulerLike = asyncScheduler,
): Observable<readonly string[]> =>
  merge(hints$.pipe(auditTime(settling, scheduler)), timer(lookPeriod, lookPeriod, scheduler)).pipe(
    startWith(undefined),
    map(read),
    distinctUntilChanged((one, other) => one.join() === other.join()),
  );

/** Emits a line for each address that comes or goes. Starts `ip monitor` again when it ends. */
export const addressHints = (): Observable<string> =>
  holdProcess('ip', ['monitor', 'address']).pipe(retry({ delay: 1000 }));

/** The endpoints of this machine, without the WireGuard interface of this name. */
export const readEndpoints = (port: number, own: string) => (): readonly string[] =>
  localEndpoints(networkInterfaces(), port, own);
