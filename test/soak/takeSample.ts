import { readdirSync } from 'node:fs';
import { query } from '../support/query.js';
import type { Cluster, Site } from './cluster.js';
import type { Figure, Sample } from './metrics.js';

/** Milliseconds to wait for a coordinator that may stand still. */
const patience = 3_000;

/**
 * Takes samples one after the other, with the transactions counted from each to the next.
 *
 * @param peersAt how many peers are connected at a place. Their sockets are not counted: some coordinators have more of
 *   them than others, and that changes all the time.
 */
export const sampler = (url: string, cluster: Cluster, peersAt: (place: string) => number) => {
  const startedAt = performance.now();
  let before: { readonly at: number; readonly count: number } | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const take = async (isCalm: boolean): Promise<Sample> => {
    const missing: string[] = [];
    const at = (performance.now() - startedAt) / 1000;
    const read = async (what: string, figures: () => Promise<readonly Figure[]>): Promise<readonly Figure[]> => {
      try {
        return await figures();
      } catch (error) {
        missing.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
        return [];
      }
    };
    const parts = await Promise.all([
      ...cluster.sites.map((site) => read(site.place, () => figuresOf(site, peersAt(site.place)))),
      read('PostgreSQL', async () => {
        const { transactions, figures } = await databaseFigures(url);
        const now = { at: performance.now(), count: transactions };
        const then = before;
        before = now;
        // A crash resets what the server has counted.
        if (then === undefined || then.count > now.count) return figures;
        const value = ((now.count - then.count) / (now.at - then.at)) * 1000;
        return [...figures, { metric: 'transactions', of: 'all', generation: 0, value }];
      }),
    ]);
    return { at, isCalm, figures: parts.flat(), missing };
  };

  return (isCalm: boolean): Promise<Sample> => {
    const sample = last.then(() => take(isCalm));
    last = sample;
    return sample;
  };
};

interface Usage {
  readonly rss: number;
  readonly heapUsed: number;
  readonly handles: number;
  readonly lateness: number;
}

const figuresOf = async (
  { place, generation, process: coordinator }: Site,
  peers: number,
): Promise<readonly Figure[]> => {
  const usage = (await coordinator.ask('usage', patience)) as Usage;
  const figure = (metric: Figure['metric'], value: number): Figure => ({ metric, of: place, generation, value });
  return [
    figure('heap', usage.heapUsed / 1e6),
    figure('rss', usage.rss / 1e6),
    figure('handles', usage.handles - peers),
    figure('lateness', usage.lateness),
    // Only Linux shows them.
    ...(process.platform === 'linux'
      ? [figure('files', readdirSync(`/proc/${coordinator.pid}/fd`).length - peers)]
      : []),
  ];
};

const databaseFigures = async (url: string): Promise<{ transactions: number; figures: readonly Figure[] }> => {
  const [row] = await query<{ transactions: number } & Record<string, number>>(
    url,
    `select (select xact_commit::float8 from pg_stat_database where datname = current_database()) as transactions,
       ${connectionKinds.map(([name, application]) => `(${connectionsOf(application)}) as ${name}`).join()},
       ${tables.map((table) => `(select count(*)::int from tailnet_${table}) as ${table}`).join()}`,
  );
  const values = new Map<string, number>(Object.entries(row ?? {}));
  const figure = (metric: Figure['metric'], of: string): Figure => ({
    ...{ metric, of, generation: 0 },
    value: values.get(of) ?? NaN,
  });
  return {
    transactions: values.get('transactions') ?? NaN,
    figures: [
      ...connectionKinds.map(([name]) => figure('connections', name)),
      ...tables.map((table) => figure('rows', table)),
    ],
  };
};

const connectionKinds = [
  ['listening', 'tailnet-coordinator listen'],
  ['heartbeat', 'tailnet-coordinator heartbeat'],
  ['pool', 'tailnet-coordinator'],
] as const;

const connectionsOf = (application: string): string =>
  `select count(*)::int from pg_stat_activity where datname = current_database() and application_name = '${application}'`;

const tables = ['coordinators', 'peers', 'tunnels'] as const;
