import type { Logger } from 'pino';
import {
  EMPTY,
  Subscription,
  asyncScheduler,
  defer,
  finalize,
  ignoreElements,
  map,
  Subject,
  take,
  takeUntil,
  tap,
  timer,
  type Observable,
  type SchedulerLike,
} from 'rxjs';
import { anything, channels, type Bus } from './bus.js';
import { type QueryResult, type Telemetry, silentTelemetry } from '../telemetry.js';
import { StoreError } from './store.js';

/** What is to be published on a channel. */
export interface Announcement {
  readonly channel: string;
  readonly payloads: readonly string[];
}

/** A write that has taken effect. */
export interface Written<T> {
  readonly result: T;
  readonly changed: readonly Announcement[];
}

/** Publishes what writes have changed, after they have taken effect. */
export interface Announcer {
  /**
   * The write, whose result comes when it has been handed to the bus what changed. If the answer is lost, so that it is
   * not known whether it took effect, `inDoubt` is published instead. Whoever makes the write again may find nothing
   * left to change, and then nothing to announce.
   */
  readonly after: <T>(write$: Observable<Written<T>>, inDoubt?: () => readonly Announcement[]) => Observable<T>;
  /** Completes when all is published, or after a second. Then nothing more is. */
  close(): Observable<never>;
}

export interface AnnouncerOptions {
  /** Where waiting happens. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
  /** Draws the jitter of waiting: from 0 up to, but without, 1. Default `Math.random`. */
  readonly random?: () => number;
  /** Silent by default. */
  readonly logger?: Pick<Logger, 'info' | 'warn'> | undefined;
  /** Told how each attempt ended, as a query `announce`. Default: nobody. */
  readonly telemetry?: Pick<Telemetry, 'now' | 'queryEnded'>;
}

/** The first wait before what the bus did not take is published again, in milliseconds; then twice as long, up to the longest. */
const FIRST_WAIT = 50;
const LONGEST_WAIT = 2000;

/** Milliseconds after which a statement whose answer was lost has ended, one way or the other. */
const LATENESS = 10_000;

/** So many payloads are kept for a bus that is away. With more, it is said that anything may have changed. */
const MOST_KEPT = 10_000;

/** Milliseconds that closing waits for the bus. */
const PATIENCE = 1000;

/**
 * Publishes after the write, which is not atomic: the process may die between the two. While it lives, what the bus
 * does not take is kept and published again, until it is taken.
 */
export function announcingOn(
  bus: Pick<Bus, 'publish'>,
  { scheduler = asyncScheduler, random = Math.random, logger, telemetry = silentTelemetry }: AnnouncerOptions = {},
): Announcer {
  /** What the bus did not take, by channel. */
  const kept = new Map<string, Set<string>>();
  /** Failed attempts since the bus last took all. */
  let failures = 0;
  let inFlight = 0;
  let isClosed = false;
  const waits = new Subscription();
  let retry: Subscription | undefined;

  const settled$ = new Subject<void>();

  const keep = ({ channel, payloads }: Announcement) => {
    const all = kept.get(channel) ?? new Set();
    kept.set(channel, all);
    for (const payload of payloads) all.add(payload);
    if ([...kept.values()].reduce((count, { size }) => count + size, 0) <= MOST_KEPT) return;
    kept.clear();
    kept.set(channels.tunnel, new Set([anything]));
  };

  const publish = (announcements: readonly Announcement[]) => {
    for (const announcement of announcements) publishOne(announcement);
  };
  const publishOne = (announcement: Announcement) => {
    if (isClosed) return;
    inFlight += 1;
    const begunAt = telemetry.now();
    const end = (result: QueryResult) => {
      telemetry.queryEnded('announce', result, telemetry.now() - begunAt, announcement.payloads.length);
      inFlight -= 1;
      if (inFlight === 0 && kept.size === 0) settled$.next();
    };
    defer(() => bus.publish(announcement.channel, announcement.payloads)).subscribe({
      complete: () => {
        if (failures > 0 && kept.size === 0) {
          logger?.info({ failures }, 'hints are published again');
          failures = 0;
        }
        end('ok');
      },
      error: (error: unknown) => {
        if (error instanceof StoreError && error.reason === 'refused') {
          const { channel, payloads } = announcement;
          logger?.warn({ err: error, channel, count: payloads.length }, 'hints given up');
        } else {
          if (failures === 0) logger?.warn({ err: error }, 'hints not published; trying again');
          keep(announcement);
          publishLater();
        }
        end(error instanceof StoreError ? error.reason : 'defect');
      },
    });
  };

  const publishLater = () => {
    if (retry !== undefined || isClosed) return;
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures) * (0.5 + random() / 2);
    failures += 1;
    retry = timer(wait, scheduler).subscribe(() => {
      retry = undefined;
      const again = [...kept].map(([channel, payloads]) => ({ channel, payloads: [...payloads] }));
      kept.clear();
      publish(again);
    });
    waits.add(retry);
  };

  /** Now, because it may have taken effect; and later, because it may do so until then. */
  const publishDoubt = (inDoubt: () => readonly Announcement[]) => {
    const announcements = inDoubt().filter(({ payloads }) => payloads.length > 0);
    if (announcements.length === 0 || isClosed) return;
    publish(announcements);
    waits.add(timer(LATENESS, scheduler).subscribe(() => publish(announcements)));
  };

  return {
    after: (write$, inDoubt = () => []) =>
      write$.pipe(
        tap({
          next: ({ changed }) => publish(changed),
          error: (error) => {
            if (mayHaveTakenEffect(error)) publishDoubt(inDoubt);
          },
          unsubscribe: () => publishDoubt(inDoubt),
        }),
        map(({ result }) => result),
      ),
    close: () =>
      defer(() =>
        isClosed || (inFlight === 0 && kept.size === 0)
          ? EMPTY
          : settled$.pipe(take(1), takeUntil(timer(PATIENCE, scheduler)), ignoreElements()),
      ).pipe(
        finalize(() => {
          isClosed = true;
          waits.unsubscribe();
        }),
      ),
  };
}

/** Of what was refused, and of what lacked the coordinator's row, nothing was written. */
function mayHaveTakenEffect(error: unknown): boolean {
  return !(error instanceof StoreError) || error.reason === 'unavailable';
}
