import type { Observable } from 'rxjs';
import type { CoordinatorAge, Uuid } from '../../store.js';
import type { Run, Statement } from '../runStatement.js';

const statement: Statement = {
  name: 'tailnet_read_coordinators',
  text: `
    SELECT id, (extract(epoch from now() - heartbeat_at) * 1000)::float8 AS age
    FROM tailnet_coordinators
    WHERE heartbeat_at > now() - $1::float8 * interval '1 millisecond'
    ORDER BY id`,
};

interface Row {
  readonly id: Uuid;
  readonly age: number;
}

export function readCoordinators(run: Run, maxAge: number): Observable<readonly CoordinatorAge[]> {
  return run<Row, readonly CoordinatorAge[]>(statement, [maxAge], (rows) =>
    rows.map(({ id, age }) => ({ coordinatorId: id, age })),
  );
}
