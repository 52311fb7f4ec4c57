import type { Observable } from 'rxjs';
import { channels } from '../../bus.js';
import type { HeartbeatResult, Uuid } from '../../store.js';
import { onlyRow, type Run, type Statement } from '../runStatement.js';

/** A row that was there carries the lock that the conflict took (`xmax`); a new one carries none. */
const statement: Statement = {
  name: 'tailnet_heartbeat',
  text: `
    WITH beat AS (
      INSERT INTO tailnet_coordinators (id, heartbeat_at) VALUES ($1::uuid, now())
      ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at
      RETURNING id, xmax = 0 AS created
    )
    SELECT
      created,
      EXISTS (SELECT FROM tailnet_peers WHERE coordinator_id = $1::uuid) AS has_bindings,
      EXISTS (SELECT FROM tailnet_tunnels WHERE coordinator_id = $1::uuid) AS has_tunnels,
      pg_notify('${channels.heartbeat}', id::text)
    FROM beat`,
};

interface Row {
  readonly created: boolean;
  readonly has_bindings: boolean;
  readonly has_tunnels: boolean;
}

export function heartbeat(run: Run, coordinatorId: Uuid): Observable<HeartbeatResult> {
  return run<Row, HeartbeatResult>(statement, [coordinatorId], (rows) => {
    const { created, has_bindings: hasBindings, has_tunnels: hasTunnels } = onlyRow(rows);
    return { created, hasBindings, hasTunnels };
  });
}
