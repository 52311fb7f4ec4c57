import type { Pool, QueryResultRow } from 'pg';
import { catchError, defer, map, type Observable } from 'rxjs';
import { storeErrorOf } from './storeErrorOf.js';

export interface Statement {
  /**
   * Each connection prepares the statement once under this name, and keeps a plan. Left out where a plan that was made
   * for small tables would be bad for large ones: then every execution is planned, for about a millisecond.
   */
  readonly name?: string;
  readonly text: string;
}

/** Runs a statement once per subscription; emits its rows, all at once. */
export type Run = <Row extends QueryResultRow>(
  statement: Statement,
  values: readonly unknown[],
) => Observable<readonly Row[]>;

/**
 * Runs statements on a pool. Errors are `StoreError`s.
 *
 * Unsubscribing only stops listening: the statement runs on, to its end or to its timeout. Whoever needs to know
 * whether it took effect must not unsubscribe.
 */
export function runOn(pool: Pool): Run {
  return <Row extends QueryResultRow>({ name, text }: Statement, values: readonly unknown[]) =>
    defer(() => pool.query<Row>({ ...(name === undefined ? {} : { name }), text, values: [...values] })).pipe(
      map(({ rows }): readonly Row[] => rows),
      catchError((error: unknown) => {
        throw storeErrorOf(error);
      }),
    );
}

/** The only row of a statement that always has one. */
export function onlyRow<Row>(rows: readonly Row[]): Row {
  const row = rows[0];
  if (row === undefined) throw new Error('the statement should have given a row');
  return row;
}
