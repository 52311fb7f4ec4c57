import type { QueryResultRow } from 'pg';
import type { Observable } from 'rxjs';
import type { Announcement, Announcer } from '../announcer.js';
import type { Value } from './preparedQuery.js';
import type { Run } from './runStatement.js';
import { announcedColumns, type WriteStatement } from './writeStatement.js';

/**
 * Runs a statement that writes, as {@link Run} does, and has announced what it changed.
 *
 * @param inDoubt what it may have changed, if its answer does not come
 */
export type RunWrite = <Row extends QueryResultRow, Result = readonly Row[]>(
  statement: WriteStatement,
  values: readonly Value[],
  read: (rows: readonly Row[]) => Result,
  inDoubt?: () => readonly Announcement[],
) => Observable<Result>;

/** Announces within the statement, atomically with the change. */
export function notifyingRun(run: Run): RunWrite {
  return ({ notifying }, values, read) => run(notifying, values, read);
}

/** Announces after the statement. */
export function announcingRun(run: Run, { after }: Announcer): RunWrite {
  return <Row extends QueryResultRow, Result = readonly Row[]>(
    { telling }: WriteStatement,
    values: readonly Value[],
    read: (rows: readonly Row[]) => Result,
    inDoubt?: () => readonly Announcement[],
  ) => {
    const written = (rows: readonly Row[]) => ({ result: read(rows), changed: changedIn(rows) });
    return after(run(telling, values, written), inDoubt);
  };
}

function changedIn(rows: readonly QueryResultRow[]): readonly Announcement[] {
  return announcedColumns.flatMap(([column, channel]) =>
    rows.flatMap((row) => {
      const told: unknown = row[column];
      return typeof told === 'string' ? [{ channel, payloads: told.split(' ') }] : [];
    }),
  );
}
