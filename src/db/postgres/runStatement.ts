import type { Pool, QueryResult, QueryResultRow } from 'pg';
import { Observable } from 'rxjs';
import { dropIdle } from './dropIdle.js';
import { PreparedQuery, type Value } from './preparedQuery.js';
import { storeErrorOf } from './storeErrorOf.js';

export interface Statement {
  /**
   * Each connection prepares the statement once under this name, and keeps a plan. Left out where a plan that was made
   * for small tables would be bad for large ones: then every execution is planned, for about a millisecond.
   */
  readonly name?: string;
  readonly text: string;
}

/** Runs a statement once per subscription; emits what `read` makes of its rows, which come all at once. */
export type Run = <Row extends QueryResultRow, Result = readonly Row[]>(
  statement: Statement,
  values: readonly Value[],
  read: (rows: readonly Row[]) => Result,
) => Observable<Result>;

/**
 * Runs statements on a pool. Errors are `StoreError`s.
 *
 * Unsubscribing only stops listening: the statement runs on, to its end or to its timeout. Whoever needs to know
 * whether it took effect must not unsubscribe.
 *
 * @param isPooled whether the connections lead to a pooler in transaction mode: then nothing is prepared
 */
export function runOn(pool: Pool, isPooled = false): Run {
  return ({ name, text }, values, read) =>
    new Observable((subscriber) => {
      // The pool holds on to the callback for as long as the connection is idle; all that a batch was about must not stay.
      let waiting: typeof subscriber | undefined = subscriber;
      const finish = (error: Error | undefined, result: QueryResult<never>): void => {
        const receiver = waiting;
        waiting = undefined;
        if (error) {
          if (isReadOnly(error)) dropIdle(pool);
          receiver?.error(storeErrorOf(error));
          return;
        }
        try {
          receiver?.next(read(result.rows));
          receiver?.complete();
        } catch (defect) {
          receiver?.error(defect);
        }
      };
      const query =
        name === undefined || isPooled ? { text, values: [...values] } : new PreparedQuery(name, text, values);
      pool.query(query, finish);
    });
}

/**
 * The server takes no writes: it was a primary until it was demoted, and another may have taken its place under the same
 * name. The pool drops the connection that failed; those beside it would fail one write after the other.
 */
function isReadOnly(error: Error): boolean {
  return 'code' in error && error.code === '25006';
}

/** The only row of a statement that always has one. */
export function onlyRow<Row>(rows: readonly Row[]): Row {
  const row = rows[0];
  if (row === undefined) throw new Error('the statement should have given a row');
  return row;
}
