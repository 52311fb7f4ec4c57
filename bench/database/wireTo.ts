import { type Database, postgresDatabase } from 'tailnet-coordinator';
import { concat, lastValueFrom } from 'rxjs';

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
  const database = postgresDatabase(url, { bus });
  return {
    database,
    close: () => lastValueFrom(concat(database.close(), bus.close()), { defaultValue: undefined }),
  };
};
