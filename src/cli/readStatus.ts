import pg from 'pg';
import type { Uuid } from '../db/store.js';
import { CommandError } from './commandError.js';
import { withoutPassword } from './databaseUrl.js';
import { errorText } from './errorText.js';

/** What the tables hold. Ages are milliseconds by the database's clock, all at one moment. */
export interface Status {
  /** Live ones first, by id; then the most recently heard first. `live`: heard within the last 6 s. */
  readonly coordinators: readonly { readonly id: Uuid; readonly heartbeatAge: number; readonly live: boolean }[];
  /** One entry for each coordinator that a peer was seen by. `lost`: its connection broke, or the coordinator is silent. */
  readonly peers: readonly {
    readonly id: Uuid;
    readonly coordinatorId: Uuid;
    readonly status: 'ok' | 'lost';
    readonly writeAge: number;
  }[];
  readonly tunnels: readonly {
    readonly src: Uuid;
    readonly dst: Uuid;
    readonly coordinatorId: Uuid;
    readonly writeAge: number;
  }[];
}

const age = (column: string) => `(extract(epoch from now() - ${column}) * 1000)::float8`;

/** Reads everything as of one moment. Errors with a {@link CommandError} when there are no tables, or no database. */
export async function readStatus(databaseUrl: string): Promise<Status> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: 10_000,
    query_timeout: 30_000,
    application_name: 'tailnet-coordinator status',
  });
  // A broken connection also fails the query.
  client.on('error', () => {});
  const read = async <Row extends pg.QueryResultRow>(sql: string) => (await client.query<Row>(sql)).rows;
  try {
    await client.connect();
    await client.query('begin isolation level repeatable read read only');
    const coordinators = await read<Status['coordinators'][number]>(
      `select id, ${age('heartbeat_at')} as "heartbeatAge", heartbeat_at > now() - interval '6 s' as live
       from tailnet_coordinators
       order by live desc, case when heartbeat_at > now() - interval '6 s' then id end, heartbeat_at desc`,
    );
    const peers = await read<Status['peers'][number]>(
      `select p.id, p.coordinator_id as "coordinatorId", ${age('p.updated_at')} as "writeAge",
         case when c.heartbeat_at > now() - interval '6 s' then p.status::text else 'lost' end as status
       from tailnet_peers p join tailnet_coordinators c on c.id = p.coordinator_id
       order by p.id, p.updated_at desc`,
    );
    const tunnels = await read<Status['tunnels'][number]>(
      `select src_id as src, dst_id as dst, coordinator_id as "coordinatorId", ${age('updated_at')} as "writeAge"
       from tailnet_tunnels order by src_id, dst_id, updated_at desc`,
    );
    return { coordinators, peers, tunnels };
  } catch (error) {
    throw explained(error, withoutPassword(databaseUrl));
  } finally {
    await client.end().catch(() => {});
  }
}

function explained(error: unknown, url: string): CommandError {
  if (error instanceof pg.DatabaseError && error.code === '42P01') {
    return new CommandError(`the database ${url} has no tailnet tables: run "tailnet-coordinator migrate"`);
  }
  if (error instanceof pg.DatabaseError && error.code === '42501') {
    return new CommandError(
      `the database ${url} cannot be read: ${error.message} (42501); run "tailnet-coordinator migrate --grant ROLE" for the role that connects`,
      { cause: error },
    );
  }
  return new CommandError(`the database ${url} cannot be read: ${errorText(error)}`, { cause: error });
}
