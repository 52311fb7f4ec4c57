import type { PoolConfig } from 'pg';
import type { Logger } from 'pino';
import { readMigrations, type Migration } from './migrations.js';
import { grantAccess } from './postgres/grantAccess.js';
import { MigrationError } from './postgres/migrationError.js';
import { rowsOf, type Queryable } from './postgres/queryable.js';
import { verifySchema } from './postgres/verifySchema.js';
import { withMigrationClient } from './postgres/withMigrationClient.js';

export { MigrationError } from './postgres/migrationError.js';
export type { Queryable } from './postgres/queryable.js';
export { verifySchema, type SchemaState } from './postgres/verifySchema.js';

/** Who gets access, and who is told. */
export interface MigrateOptions {
  /** A role that gets what a coordinator needs at run time: to read and write the rows of the three tables, and to read the secret of hints. */
  readonly grant?: string;
  /** Silent by default. */
  readonly logger?: Pick<Logger, 'info' | 'warn'>;
}

/**
 * - `migrated`: at least one migration was applied.
 * - `adopted`: the tables were there already (made by coder/coder), and are right; that was recorded, and what else this
 *   version needs was put beside them.
 * - `current`: nothing was to be done.
 * - `verified`: this role may not change tables, or may not read what is recorded; but the tables are there and right.
 */
export interface MigrateResult {
  /** What became of the tables. */
  readonly status: 'migrated' | 'adopted' | 'current' | 'verified';
  /** The names of the migrations that were applied. */
  readonly applied: readonly string[];
}

/**
 * Brings the tables into the shape that this version needs. Safe to run at any time and by many processes at once:
 * they take turns. Each migration is one transaction. The session's current schema is used.
 *
 * @param connection a URL, a configuration, or a connection that is open already (which stays open)
 * @throws MigrationError if the database is not one that can be migrated; it says why, and nothing was changed by the
 *   step that failed. What a retry may help, as where the database is away, has a `cause` with the code of it
 * @throws TypeError `connection: must be a URL like postgres://user:password@host:5432/name, a configuration, or a
 *   connection; in a password, …`
 */
export function migrate(
  connection: string | PoolConfig | Queryable,
  { grant, logger }: MigrateOptions = {},
): Promise<MigrateResult> {
  return withMigrationClient(connection, async (client) => {
    const result = await bringUpToDate(client, await readMigrations(), logger);
    if (grant !== undefined) {
      await grantAccess(client, grant);
      logger?.info({ role: grant }, 'granted to the role what a coordinator needs at run time');
    }
    return result;
  });
}

async function bringUpToDate(
  client: Queryable,
  migrations: readonly Migration[],
  logger: MigrateOptions['logger'],
): Promise<MigrateResult> {
  const recorded = await readRecorded(client);
  checkRecorded(recorded ?? [], migrations);
  const pending = migrations.filter(({ name }) => recorded?.every((row) => row.name !== name) ?? true);
  const isNew = recorded === undefined || recorded.length === 0;
  try {
    // Tables that nobody recorded were made by somebody else. If they are right they stand for the first migration.
    const [first, ...rest] = pending;
    const adopts = isNew && first !== undefined && (await verifySchema(client)).present;
    if (adopts) await apply(client, { ...first, sql: '' });
    for (const migration of adopts ? rest : pending) {
      await apply(client, migration);
      logger?.info({ migration: migration.name }, 'applied a migration');
    }
    await expectTables(client, logger);
    const applied = (adopts ? rest : pending).map(({ name }) => name);
    return { status: adopts ? 'adopted' : applied.length > 0 ? 'migrated' : 'current', applied };
  } catch (error) {
    if (!isPermissionDenied(error)) throw error;
    await expectTables(client, logger, error);
    return { status: 'verified', applied: [] };
  }
}

interface Recorded {
  readonly name: string;
  readonly checksum: string;
}

/** undefined if there is no record, or none that this role may read. */
async function readRecorded(client: Queryable): Promise<readonly Recorded[] | undefined> {
  const [access] = await rowsOf<{ readonly readable: boolean | null }>(
    client,
    `SELECT has_table_privilege(to_regclass('tailnet_coordinator_migrations'), 'SELECT') AS readable`,
  );
  if (access?.readable !== true) return undefined;
  return rowsOf<Recorded>(client, 'SELECT name, checksum FROM tailnet_coordinator_migrations ORDER BY name');
}

function checkRecorded(recorded: readonly Recorded[], migrations: readonly Migration[]): void {
  for (const { name, checksum } of recorded) {
    const migration = migrations.find((candidate) => candidate.name === name);
    if (migration === undefined) {
      throw new MigrationError(
        `the database is ahead of this version: it has the migration ${name}, which is not known here; update first`,
      );
    }
    if (migration.checksum !== checksum) {
      throw new MigrationError(
        `the migration ${name} was applied with other contents: found checksum ${checksum}, expected ${migration.checksum}`,
      );
    }
  }
}

/** Runs a migration and records it, both or neither. */
async function apply(client: Queryable, { name, sql, checksum }: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(`
      CREATE TABLE IF NOT EXISTS tailnet_coordinator_migrations (
        name text NOT NULL PRIMARY KEY,
        checksum text NOT NULL,
        applied_at timestamp with time zone NOT NULL
      )`);
    if (sql !== '') await client.query(sql);
    await client.query('INSERT INTO tailnet_coordinator_migrations VALUES ($1, $2, now())', [name, checksum]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    if (isPermissionDenied(error)) throw error;
    throw new MigrationError(
      `the migration ${name} failed: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}

/** `denied`: why this role could not make the tables itself. */
async function expectTables(client: Queryable, logger: MigrateOptions['logger'], denied?: unknown): Promise<void> {
  const { present, missingIndexes } = await verifySchema(client);
  if (!present) {
    const [session] = await rowsOf<{ readonly role: string }>(client, 'SELECT current_user AS role');
    throw new MigrationError(
      denied === undefined
        ? 'the migrations are recorded as applied, but the tables are not there: restore them, or drop the table tailnet_coordinator_migrations'
        : `the role "${session?.role ?? ''}" may not create tables, and finds none: migrate as their owner, with --grant for this role`,
      { cause: denied },
    );
  }
  if (missingIndexes.length > 0)
    logger?.warn({ missing_indexes: missingIndexes }, 'reads will be slow: indexes are missing');
}

function isPermissionDenied(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '42501';
}
