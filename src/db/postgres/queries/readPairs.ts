import type { Observable } from 'rxjs';
import type { Pair } from '../../store.js';
import { joinTunnelByKey } from '../fragments.js';
import { onlyRow, type Run, type Statement } from '../runStatement.js';
import { uuidArray } from '../uuidArray.js';

/**
 * Looks for each pair under the primary key: at every coordinator (every tunnel has one, says the foreign key) and in
 * both directions. So it costs the same for a hub as for anybody else. The answers come as one text of 0s and 1s.
 */
const statement: Statement = {
  name: 'tailnet_read_pairs',
  text: `
    SELECT string_agg(CASE WHEN pair.shares THEN '1' ELSE '0' END, '' ORDER BY pair.position) AS answers
    FROM (
      SELECT item.position, EXISTS (
        SELECT FROM tailnet_coordinators AS coordinator
        CROSS JOIN (VALUES (item.a, item.b), (item.b, item.a)) AS direction (src, dst)
        ${joinTunnelByKey('1', 'coordinator.id', 'direction.src', 'direction.dst')}
      ) AS shares
      FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS item (a, b, position)
    ) AS pair`,
};

interface Row {
  /** null without any pair */
  readonly answers: string | null;
}

export function readPairs(run: Run, pairs: readonly Pair[]): Observable<readonly boolean[]> {
  const values = [uuidArray(pairs.map(([a]) => a)), uuidArray(pairs.map(([, b]) => b))];
  return run<Row, readonly boolean[]>(statement, values, (rows) =>
    Array.from(onlyRow(rows).answers ?? '', (answer) => answer === '1'),
  );
}
