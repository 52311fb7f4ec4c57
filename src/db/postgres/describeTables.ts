import { rowsOf, type Queryable } from './queryable.js';

/** What the catalog says about a table. */
export interface FoundTable {
  readonly name: string;
  readonly isTable: boolean;
  readonly columns: readonly FoundColumn[];
  readonly primaryKey: readonly string[];
  readonly foreignKeys: readonly FoundForeignKey[];
  /** The first column of each index. */
  readonly indexedColumns: readonly string[];
}

export interface FoundColumn {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  /** A default, or generated. */
  readonly filled: boolean;
  /** For an enum: its labels in order. */
  readonly labels: readonly string[];
}

export interface FoundForeignKey {
  readonly columns: readonly string[];
  readonly table: string;
  readonly foreignColumns: readonly string[];
  readonly cascades: boolean;
}

/**
 * Describes those of the named tables that an unqualified name reaches, so the search path of the session counts.
 * `pg_catalog` may be read by every role, also by one without any right on the tables.
 */
export async function describeTables(client: Queryable, names: readonly string[]): Promise<readonly FoundTable[]> {
  const rows = await rowsOf<{ readonly description: FoundTable }>(client, DESCRIBE, [names]);
  return rows.map(({ description }) => description);
}

const columnNames = (relation: string, numbers: string): string => `(
      SELECT coalesce(json_agg(attribute.attname ORDER BY key.position), '[]')
      FROM unnest(${numbers}) WITH ORDINALITY AS key (number, position)
      JOIN pg_catalog.pg_attribute AS attribute
        ON attribute.attrelid = ${relation} AND attribute.attnum = key.number
    )`;

const DESCRIBE = `
  SELECT json_build_object(
    'name', wanted.name,
    'isTable', class.relkind IN ('r', 'p'),
    'columns', (
      SELECT coalesce(json_agg(json_build_object(
        'name', attribute.attname,
        'type', CASE type.typtype
          WHEN 'e' THEN type.typname::text
          ELSE pg_catalog.format_type(attribute.atttypid, attribute.atttypmod)
        END,
        'notNull', attribute.attnotnull,
        'filled', attribute.atthasdef OR attribute.attidentity <> '',
        'labels', (
          SELECT coalesce(json_agg(label.enumlabel ORDER BY label.enumsortorder), '[]')
          FROM pg_catalog.pg_enum AS label WHERE label.enumtypid = type.oid
        )
      ) ORDER BY attribute.attnum), '[]')
      FROM pg_catalog.pg_attribute AS attribute
      JOIN pg_catalog.pg_type AS type ON type.oid = attribute.atttypid
      WHERE attribute.attrelid = class.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
    ),
    'primaryKey', coalesce((
      SELECT ${columnNames('class.oid', 'pkey.conkey')}
      FROM pg_catalog.pg_constraint AS pkey
      WHERE pkey.conrelid = class.oid AND pkey.contype = 'p'
    ), '[]'),
    'foreignKeys', (
      SELECT coalesce(json_agg(json_build_object(
        'columns', ${columnNames('class.oid', 'fkey.conkey')},
        'table', target.relname,
        'foreignColumns', ${columnNames('target.oid', 'fkey.confkey')},
        'cascades', fkey.confdeltype = 'c'
      )), '[]')
      FROM pg_catalog.pg_constraint AS fkey
      JOIN pg_catalog.pg_class AS target ON target.oid = fkey.confrelid
      WHERE fkey.conrelid = class.oid AND fkey.contype = 'f'
    ),
    'indexedColumns', (
      SELECT coalesce(json_agg(attribute.attname), '[]')
      FROM pg_catalog.pg_index AS index
      JOIN pg_catalog.pg_attribute AS attribute
        ON attribute.attrelid = index.indrelid AND attribute.attnum = index.indkey[0]
      WHERE index.indrelid = class.oid AND index.indisvalid
    )
  ) AS description
  FROM unnest($1::text[]) WITH ORDINALITY AS wanted (name, position)
  JOIN pg_catalog.pg_class AS class ON class.oid = to_regclass(quote_ident(wanted.name))
  ORDER BY wanted.position`;
