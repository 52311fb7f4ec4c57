// Authorises against a table: who may open a tunnel to whom. Needs a PostgreSQL at DATABASE_URL.
import pg from 'pg';
import { lastValueFrom, map, of, toArray } from 'rxjs';
import { AuthorizationError, createCoordinator, migrate, requests } from 'tailnet-coordinator';
import type { Auth, Uuid } from 'tailnet-coordinator';
import { uuidFromBytes } from 'tailnet-coordinator/proto';
import { alice, bob, carol } from 'tailnet-coordinator/testing';

const database = process.env['DATABASE_URL'] ?? 'postgres://tailnet:secret@localhost:5432/tailnet';
await migrate(database);
const pool = new pg.Pool({ connectionString: database, max: 4, query_timeout: 5000 });
pool.on('error', () => undefined); // An idle connection that breaks is no loss.

/**
 * Until its promise settles, nothing of the request takes effect, and later requests of the peer wait. What the
 * AuthorizationError says is for the peer. Any other failure, as of the database, is not: the peer hears `internal
 * coordinator error`, and the log the rest.
 */
const databaseAuth =
  (peerId: Uuid): Auth =>
  ({ addTunnel }) =>
    addTunnel && refuseUnlessAllowed(peerId, uuidFromBytes(addTunnel.id));

const refuseUnlessAllowed = async (src: Uuid, dst: Uuid): Promise<void> => {
  const { rowCount } = await pool.query('select from allowed_tunnels where src = $1 and dst = $2', [src, dst]);
  if (rowCount === 0) throw new AuthorizationError(`you may not open a tunnel to ${dst}`);
};

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
console.log('bob to alice:', await errorsOf(bob, alice));
await coordinator.close();
await pool.end();

// Prints:
// alice to bob: []
// alice to carol: [
//   'authorization: you may not open a tunnel to ca401000-0000-4000-8000-000000000000'
// ]
// bob to alice: [
//   'authorization: you may not open a tunnel to a11ce000-0000-4000-8000-000000000000'
// ]
