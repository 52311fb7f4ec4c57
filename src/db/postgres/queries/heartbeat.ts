import { defer, map, mergeMap, of, timeout, type Observable } from 'rxjs';
import type { HeartbeatResult, Uuid } from '../../store.js';
import { onlyRow, type Run, type Statement } from '../runStatement.js';
import type { RunWrite } from '../runWrite.js';
import { writeStatement } from '../writeStatement.js';

/** A row that was there carries the lock that the conflict took (`xmax`); a new one carries none. */
const beat = writeStatement(
  'tailnet_heartbeat',
  (announce) => `
    WITH beat AS (
      INSERT INTO tailnet_coordinators (id, heartbeat_at) VALUES ($1::uuid, now())
      ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at
      RETURNING id, xmax = 0 AS created
    )
    SELECT created, ${announce.coordinator('id')} FROM beat`,
);

/**
 * A statement of its own: somebody may have locked these tables, to alter or to vacuum them, and that must not keep the
 * coordinator from living.
 */
const look: Statement = {
  name: 'tailnet_own_rows_there',
  text: `
    SELECT
      EXISTS (SELECT FROM tailnet_peers WHERE coordinator_id = $1::uuid) AS has_bindings,
      EXISTS (SELECT FROM tailnet_tunnels WHERE coordinator_id = $1::uuid) AS has_tunnels`,
};

interface Found {
  readonly has_bindings: boolean;
  readonly has_tunnels: boolean;
}

/** Nobody could look, so nothing is known against them. The next heartbeat looks again. */
const notSeen: Found = { has_bindings: true, has_tunnels: true };

/** Milliseconds from the beginning after which nobody waits for the look: much less than a heartbeat may take. */
const patience = 500;

export function heartbeat(run: Run, runWrite: RunWrite, coordinatorId: Uuid): Observable<HeartbeatResult> {
  return defer(() => {
    const end = performance.now() + patience;
    return runWrite<{ readonly created: boolean }, boolean>(
      beat,
      [coordinatorId],
      (rows) => onlyRow(rows).created,
    ).pipe(
      mergeMap((created) => {
        const left = end - performance.now();
        const found$ = left <= 0 ? of(notSeen) : run<Found, Found>(look, [coordinatorId], onlyRow);
        return found$.pipe(
          timeout({ first: left, with: () => of(notSeen) }),
          map((found) => ({ created, hasBindings: found.has_bindings, hasTunnels: found.has_tunnels })),
        );
      }),
    );
  });
}
