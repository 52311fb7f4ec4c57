import pg from 'pg';

/** Runs one statement on a connection of its own and returns the rows. */
export async function query<Row extends pg.QueryResultRow = Record<string, unknown>>(
  url: string,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  // A connection that breaks also fails the query.
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query<Row>(sql, [...parameters]);
    return rows;
  } finally {
    await client.end();
  }
}
