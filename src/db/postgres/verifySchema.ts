import { describeTables, type FoundTable } from './describeTables.js';
import { expectedStatuses, expectedTables, type ExpectedTable } from './expectedTables.js';
import { MigrationError } from './migrationError.js';
import type { Queryable } from './queryable.js';

/** What there is of the tables: all of them and right, or nothing. Whatever lies between is an error. */
export interface SchemaState {
  readonly present: boolean;
  /** Indexes that are missing, as `table (column)`: reads will be slow. */
  readonly missingIndexes: readonly string[];
}

/**
 * Compares the tables that the session reaches with what the coordinator needs: columns, types, what may be null,
 * primary and foreign keys. More columns are fine if they fill themselves. Reads the catalog only, which every role may.
 *
 * @throws MigrationError if only some tables are there, or if something differs; it names all differences.
 */
export async function verifySchema(client: Queryable): Promise<SchemaState> {
  const names = Object.keys(expectedTables);
  const found = await describeTables(client, names);
  if (found.length === 0) return { present: false, missingIndexes: [] };
  const missing = names.filter((name) => !found.some((table) => table.name === name));
  if (missing.length > 0) {
    const present = found.map(({ name }) => name).join(', ');
    throw new MigrationError(
      `the database has some of the tables (${present}), but not ${missing.join(', ')}: ` +
        `restore what is missing, or remove the rest, then migrate again`,
    );
  }
  const differences = found.flatMap((table) => compareTable(table, expectedTables[table.name]));
  if (differences.length > 0) {
    throw new MigrationError(`the tables differ from what the coordinator needs: ${differences.join('; ')}`);
  }
  return { present: true, missingIndexes: found.flatMap((table) => missingIndexes(table, expectedTables[table.name])) };
}

function compareTable(found: FoundTable, expected: ExpectedTable | undefined): string[] {
  if (expected === undefined) return [];
  if (!found.isTable) return [`${found.name}: found something else, expected a table`];
  return [
    ...Object.entries(expected.columns).flatMap(([column, type]) => compareColumn(found, column, type)),
    ...found.columns
      .filter(({ name, notNull, filled }) => !(name in expected.columns) && notNull && !filled)
      .map(({ name }) => `${found.name}, column ${name}: found a required column, expected none of this name`),
    ...compareKeys(found, expected),
  ];
}

function compareColumn(table: FoundTable, name: string, type: string): string[] {
  const column = table.columns.find((candidate) => candidate.name === name);
  const where = `${table.name}, column ${name}`;
  if (column === undefined) return [`${where}: found none, expected ${type}`];
  if (column.type !== type) return [`${where}: found ${column.type}, expected ${type}`];
  if (!column.notNull) return [`${where}: found nullable, expected not null`];
  if (type === 'tailnet_status' && column.labels.join() !== expectedStatuses.join()) {
    return [`${where}: found an enum of ${column.labels.join(', ')}, expected ${expectedStatuses.join(', ')}`];
  }
  return [];
}

function compareKeys(found: FoundTable, { primaryKey, belongsToCoordinator }: ExpectedTable): string[] {
  const differences: string[] = [];
  if (found.primaryKey.join() !== primaryKey.join()) {
    const key = found.primaryKey.length === 0 ? 'none' : `(${found.primaryKey.join(', ')})`;
    differences.push(`${found.name}, primary key: found ${key}, expected (${primaryKey.join(', ')})`);
  }
  const foreign = belongsToCoordinator ? ['coordinator_id -> tailnet_coordinators(id) on delete cascade'] : [];
  const foundForeign = found.foreignKeys.map(
    ({ columns, table, foreignColumns, cascades }) =>
      `${columns.join(', ')} -> ${table}(${foreignColumns.join(', ')})${cascades ? ' on delete cascade' : ''}`,
  );
  if (foundForeign.join('; ') !== foreign.join('; ')) {
    const name = (keys: string[]) => (keys.length === 0 ? 'none' : keys.join(' and '));
    differences.push(`${found.name}, foreign keys: found ${name(foundForeign)}, expected ${name(foreign)}`);
  }
  return differences;
}

function missingIndexes(found: FoundTable, expected: ExpectedTable | undefined): string[] {
  return (expected?.indexedColumns ?? [])
    .filter((column) => !found.indexedColumns.includes(column))
    .map((column) => `${found.name} (${column})`);
}
