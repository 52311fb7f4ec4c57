// Authorises against a table: who may open a tunnel to whom. Needs a PostgreSQL at DATABASE_URL.
import pg from 'pg';
import { lastValueFrom, map, of, toArray } from 'rxjs';
import { AuthorizationError, createCoordinator, migrate, requests } from 'tailnet-coordinator';
import type { Auth, Uuid } from 'tailnet-coordinator';
import { parseRequest } from 'tailnet-coordinator/proto';
import { alice, bob, carol } from 'tailnet-coordinator/testing';

const database = process.env['DATABASE_URL'] ?? 'postgres://tailnet:secret@localhost:5432/tailnet';
await migrate(database);
const pool = new pg.Pool({ connectionString: database, max: 4, query_timeout: 5000 });
pool.on('error', () => undefined); // An idle connection that breaks is no loss.

/**
 * Until its promise settles, nothing of the request takes effect, and later requests of the peer wait. An
 * AuthorizationError, or a plain Error, is a refusal, and what it says is for the peer. An error of any other kind is not:
 * the peer hears `internal coordinator error`, which tells it to come back later, and the log the rest.
 */
const databaseAuth =
  (peerId: Uuid): Auth =>
  (request) => {
    const { addTunnel } = parseRequest(request);
    return addTunnel === undefined ? undefined : refuseUnlessAllowed(peerId, addTunnel);
  };

const refuseUnlessAllowed = async (src: Uuid, dst: Uuid): Promise<void> => {
  const rows = pool.query('select from allowed_tunnels where src = $1 and dst = $2', [src, dst]);
  const { rowCount } = await rows.catch((cause: unknown) => {
    throw new LookupError('allowed_tunnels could not be read', { cause });
  });
  if (rowCount === 0) throw new AuthorizationError(`you may not open a tunnel to ${dst}`);
};

class LookupError extends Error {
  override readonly name = 'LookupError';
}

await pool.query('create table if not exists allowed_tunnels (src uuid, dst uuid, primary key (src, dst))');
await pool.query('insert into allowed_tunnels values ($1, $2) on conflict do nothing', [alice, bob]);
const coordinator = createCoordinator({ database });

/** Requests that end without a goodbye are a lost connection; the stream completes when they were all answered. */
const errorsOf = (peerId: Uuid, destination: Uuid): Promise<string[]> =>
  lastValueFrom(
    coordinator.coordinate$(peerId, of(requests.addTunnel(destination)), { auth: databaseAuth(peerId) }).pipe(
      map(({ error }) => error),
      toArray(),
    ),
  );

console.log('alice to bob:', await errorsOf(alice, bob));
console.log('alice to carol:', await errorsOf(alice, carol));
await pool.end();
console.log('alice to bob, without the database:', await errorsOf(alice, bob));
await coordinator.close();

// Prints:
// alice to bob: []
// alice to carol: [
//   'authorization: you may not open a tunnel to ca401000-0000-4000-8000-000000000000'
// ]
// alice to bob, without the database: [ 'internal coordinator error' ]
