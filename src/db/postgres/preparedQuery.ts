import pg, { type Connection, type FieldDef, type QueryConfig, type Submittable } from 'pg';

/** A parameter: text as PostgreSQL reads it, a number, or bytes. */
export type Value = string | number | Buffer;

/** What `pg` calls when a query is done. */
type Callback = (error: Error | undefined, result?: { readonly rows: readonly Row[] }) => void;

type Row = Record<string, unknown>;

interface Column {
  readonly name: string;
  readonly read: (text: string) => unknown;
}

/** `pg` notes on a connection the text of each statement that is prepared there, by name. */
type PreparingConnection = Connection & { readonly parsedStatements: Readonly<Record<string, string>> };

/** The columns of the statements that are prepared on a connection, by name. */
const described = new WeakMap<Connection, Map<string, readonly Column[]>>();

/**
 * A prepared statement, to be run once, in place of what `pg` makes of a configuration: for `Pool.query`, which takes
 * whatever can be submitted. Its rows are as those of `pg`, read by `pg.types` as they were when the statement was
 * prepared; the `types` of a pool do not count.
 *
 * `pg` has every execution described by the server, and makes anew what reads its columns; but those are the statement's.
 * Here they are asked for once on each connection
 * ([decision 23](../../../docs/decisions/0023-described-once.md)). What a query has to do for `pg`, its `pg-cursor` and
 * `pg-query-stream` show.
 *
 * A connection on which a query could not be sent as a whole must not be used again: nothing ends it there. The pool
 * drops each on which one fails.
 */
export class PreparedQuery implements Submittable, QueryConfig<Value[]> {
  readonly name: string;
  readonly text: string;
  readonly values: Value[];
  /** Set by `pg`. */
  callback: Callback | undefined;
  #columns: readonly Column[] | undefined;
  #rows: Row[] = [];
  #defect: Error | undefined;

  constructor(name: string, text: string, values: readonly Value[]) {
    this.name = name;
    this.text = text;
    this.values = [...values];
  }

  /** Sends all of it in one go. Returns what keeps it from being sent: `pg` hands that to `handleError`. */
  submit(connection: Connection): Error | undefined {
    const { name, text, values } = this;
    const known = (connection as PreparingConnection).parsedStatements[name];
    if (known !== undefined && known !== text) return new Error(`two prepared statements have the name ${name}`);
    this.#columns = described.get(connection)?.get(name);
    connection.stream.cork();
    try {
      if (known === undefined) connection.parse({ name, text, types: [] }, true);
      connection.bind({ statement: name, values: values.map(textOrBytes) }, true);
      if (this.#columns === undefined) connection.describe({ type: 'P' }, true);
      connection.execute(null, true);
      connection.sync();
      return undefined;
    } catch (error) {
      return errorOf(error);
    } finally {
      connection.stream.uncork();
    }
  }

  handleRowDescription({ fields }: { readonly fields: readonly FieldDef[] }): void {
    this.#columns = fields.map(({ name, dataTypeID }) => ({ name, read: readerOf(dataTypeID) }));
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    try {
      this.#rows.push(rowOf(this.#columns ?? [], fields));
    } catch (error) {
      this.#defect ??= errorOf(error);
    }
  }

  handleCommandComplete(): void {
    // How many rows there were, they say.
  }

  handleEmptyQuery(): void {
    // It gives no rows.
  }

  handlePortalSuspended(): void {
    // Only where not all rows are asked for.
  }

  handleCopyInResponse(connection: { sendCopyFail(message: string): void }): void {
    connection.sendCopyFail('a prepared query has nothing to copy');
  }

  handleCopyData(): void {
    // Nobody asked for it.
  }

  handleError(error: Error): void {
    this.#rows = [];
    this.callback?.(error);
  }

  handleReadyForQuery(connection: Connection): void {
    // Of a statement that gives no rows, nothing is described.
    keepColumns(connection, this.name, this.#columns ?? []);
    const rows = this.#rows;
    // The pool holds on to this for as long as the connection is idle; what a batch was about must not stay.
    this.#rows = [];
    if (this.#defect === undefined) this.callback?.(undefined, { rows });
    else this.callback?.(this.#defect);
  }
}

/** What `pg` makes of a text of this type. */
const readerOf: (type: number) => Column['read'] = pg.types.getTypeParser;

const textOrBytes = (value: Value): string | Buffer => (typeof value === 'number' ? String(value) : value);

const errorOf = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

const keepColumns = (connection: Connection, name: string, columns: readonly Column[]): void => {
  let byName = described.get(connection);
  if (byName === undefined) described.set(connection, (byName = new Map<string, readonly Column[]>()));
  byName.set(name, columns);
};

const rowOf = (columns: readonly Column[], fields: readonly (string | null)[]): Row => {
  const row: Row = {};
  let index = 0;
  for (const { name, read } of columns) {
    const field = fields[index++] ?? null;
    row[name] = field === null ? null : read(field);
  }
  return row;
};
