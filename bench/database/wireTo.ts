import { type Database, postgresDatabase } from 'tailnet-coordinator';
import { concat, filter, firstValueFrom, lastValueFrom, map, merge, timer } from 'rxjs';
import { UsageError } from '../usageError.js';

/** Milliseconds that a bus may take until it can be listened to. */
const patience = 10_000;

/** What a coordinator stands on, with connections of its own. */
export interface CoordinatorWire {
  readonly database: string | Database;
  /** Once the coordinator is closed. */
  close(): Promise<void>;
}

/** A database with its own notifications, which the coordinator opens and closes itself; or with NATS as the bus. */
export const wireTo = async (url: string, busUrl: string | undefined): Promise<CoordinatorWire> => {
  if (busUrl === undefined) return { database: url, close: () => Promise.resolve() };
  const { natsBus } = await import('tailnet-coordinator/nats');
  const bus = natsBus(busUrl);
  const isThere$ = merge(
    bus.listen$('bench').pipe(
      filter(({ kind }) => kind === 'gap'),
      map(() => true),
    ),
    timer(patience).pipe(map(() => false)),
  );
  if (!(await firstValueFrom(isThere$))) {
    await lastValueFrom(bus.close(), { defaultValue: undefined });
    throw new UsageError(`option '--bus': nothing to listen to after ${patience / 1000} s at ${new URL(busUrl).host}`);
  }
  const database = postgresDatabase(url, { bus });
  return {
    database,
    close: () => lastValueFrom(concat(database.close(), bus.close()), { defaultValue: undefined }),
  };
};
