/** What can run a statement on one connection: a `pg` Client, or a client of a pool. Not a pool. */
export interface Queryable {
  /** Runs a statement; its rows, as objects. */
  query(
    text: string,
    values?: unknown[],
  ): Promise<{
    /** One object for each row. */
    readonly rows: unknown[];
  }>;
}

/** The rows of a statement, in the shape that the statement gives them. */
export async function rowsOf<Row>(client: Queryable, text: string, values: unknown[] = []): Promise<readonly Row[]> {
  const { rows } = await client.query(text, values);
  return rows as Row[];
}
