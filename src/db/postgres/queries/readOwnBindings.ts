import type { Observable } from 'rxjs';
import type { Binding, Microseconds, Uuid } from '../../store.js';
import { microseconds } from '../fragments.js';
import type { Run, Statement } from '../runStatement.js';

const page = (condition: string): string => `
    SELECT id, ${microseconds('updated_at')} AS updated_at, status
    FROM tailnet_peers
    WHERE coordinator_id = $1::uuid ${condition}
    ORDER BY id
    LIMIT $2::int`;

const firstPage: Statement = { name: 'tailnet_first_own_bindings', text: page('') };
const nextPage: Statement = { name: 'tailnet_next_own_bindings', text: page('AND id > $3::uuid') };

interface Row {
  readonly id: Uuid;
  readonly updated_at: Microseconds;
  readonly status: 'ok' | 'lost';
}

export function readOwnBindings(
  run: Run,
  coordinatorId: Uuid,
  after: Uuid | undefined,
  limit: number,
): Observable<readonly Omit<Binding, 'node'>[]> {
  const bindingsOf = (rows: readonly Row[]) =>
    rows.map(({ id, updated_at: updatedAt, status }) => ({ peerId: id, coordinatorId, updatedAt, status }));
  return after === undefined
    ? run(firstPage, [coordinatorId, limit], bindingsOf)
    : run(nextPage, [coordinatorId, limit, after], bindingsOf);
}
