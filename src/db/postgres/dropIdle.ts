import type { Pool } from 'pg';

/** Ends the connections of a pool that nobody uses at the moment. The statements that come get new ones. */
export function dropIdle(pool: Pool): void {
  for (let left = pool.idleCount; left > 0; left -= 1) {
    pool.connect((error, _client, release) => {
      // An error means that there is none any more, and nothing to give back.
      if (error === undefined) release(true);
    });
  }
}
