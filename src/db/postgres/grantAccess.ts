import { expectedTables } from './expectedTables.js';
import { MigrationError } from './migrationError.js';
import { rowsOf, type Queryable } from './queryable.js';

const TABLES = Object.keys(expectedTables);
/** Whoever has it can make coordinators believe in rows; whoever may write the tables can anyway. */
const SECRET = 'tailnet_coordinator_secret';
const PRIVILEGES = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] as const;

/**
 * Gives a role what a coordinator needs at run time, and nothing more: to see the schema, to read and write the
 * rows of the three tables, and to read the secret of their hints. Repeatable.
 *
 * @throws MigrationError if there is no such role, or if whoever migrates may not pass these rights on.
 */
export async function grantAccess(client: Queryable, role: string): Promise<void> {
  const [known] = await rowsOf<{ readonly schema: string | null }>(
    client,
    `SELECT namespace.nspname AS schema
     FROM pg_catalog.pg_roles AS role
     LEFT JOIN pg_catalog.pg_class AS class ON class.oid = to_regclass('tailnet_coordinators')
     LEFT JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
     WHERE role.rolname = $1`,
    [role],
  );
  if (known === undefined) {
    throw new MigrationError(`cannot grant to role "${role}": there is no such role; create it first (CREATE ROLE)`);
  }
  try {
    await client.query(`GRANT USAGE ON SCHEMA ${identifier(known.schema ?? 'public')} TO ${identifier(role)}`);
    await client.query(`GRANT ${PRIVILEGES.join(', ')} ON ${TABLES.join(', ')} TO ${identifier(role)}`);
    // Not there where the tables are somebody else's and whoever migrates may add none.
    const [secret] = await rowsOf(client, `SELECT FROM pg_catalog.pg_class WHERE oid = to_regclass('${SECRET}')`);
    if (secret !== undefined) await client.query(`GRANT SELECT ON ${SECRET} TO ${identifier(role)}`);
  } catch (error) {
    throw new MigrationError(`cannot grant to role "${role}": ${messageOf(error)}`, { cause: error });
  }
  await expectAccess(client, role);
}

/** PostgreSQL only warns when whoever grants may not grant, so look. */
async function expectAccess(client: Queryable, role: string): Promise<void> {
  const missing = await missingPrivileges(client, role);
  if (missing.length > 0) {
    throw new MigrationError(
      `cannot grant to role "${role}": it still lacks ${missing.join(', ')}; migrate as the owner of the tables`,
    );
  }
}

/** What a role (default: the one that is connected) lacks of what a coordinator needs, for example `DELETE on tailnet_peers`. */
export async function missingPrivileges(client: Queryable, role?: string): Promise<readonly string[]> {
  const rows = await rowsOf<{ readonly missing: string }>(
    client,
    `SELECT privilege.name || ' on ' || wanted.name AS missing
     FROM unnest($2::text[]) AS wanted (name)
     CROSS JOIN unnest($3::text[]) AS privilege (name)
     WHERE NOT has_table_privilege(coalesce($1::name, current_user), to_regclass(wanted.name), privilege.name)
     UNION ALL
     SELECT 'USAGE on schema ' || namespace.nspname
     FROM pg_catalog.pg_class AS class
     JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
     WHERE class.oid = to_regclass('tailnet_coordinators')
       AND NOT has_schema_privilege(coalesce($1::name, current_user), namespace.oid, 'USAGE')`,
    [role ?? null, TABLES, PRIVILEGES],
  );
  return rows.map(({ missing }) => missing);
}

function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
