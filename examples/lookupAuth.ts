// Authorises every request against a lookup that takes time: who may open a tunnel to whom.
import { lastValueFrom, map, of, toArray } from 'rxjs';
import { AuthorizationError, createCoordinator, requests } from 'tailnet-coordinator';
import type { Auth } from 'tailnet-coordinator';
import { uuidFromBytes } from 'tailnet-coordinator/proto';
import { memoryDatabase } from 'tailnet-coordinator/testing';

const alice = 'a11ce000-0000-4000-8000-000000000000';
const bob = 'b0b00000-0000-4000-8000-000000000000';
const carol = 'ca401000-0000-4000-8000-000000000000';

/** Stands for a query of yours. */
const mayOpenTunnel = async (from: string, to: string): Promise<boolean> =>
  Promise.resolve(from === alice && to === bob);

/**
 * Until the promise settles, nothing of the request takes effect, and later requests of the peer wait. A lookup that
 * rejects with anything but an AuthorizationError or a plain Error is a defect: the peer hears `internal coordinator error`
 * and no more, and the log the rest.
 */
const lookupAuth =
  (peerId: string): Auth =>
  (request) => {
    if (!request.addTunnel) return;
    return refuseUnlessAllowed(peerId, uuidFromBytes(request.addTunnel.id));
  };

const refuseUnlessAllowed = async (from: string, to: string): Promise<void> => {
  if (!(await mayOpenTunnel(from, to))) throw new AuthorizationError(`you may not open a tunnel to ${to}`);
};

const coordinator = createCoordinator({ database: memoryDatabase() });

// Requests that end without a goodbye are a lost connection; the stream completes then.
const errorsOf = (peer: string, destination: string): Promise<string[]> =>
  lastValueFrom(
    coordinator.coordinate$(peer, of(requests.addTunnel(destination)), { auth: lookupAuth(peer) }).pipe(
      map(({ error }) => error),
      toArray(),
    ),
  );

console.log('alice to bob:', await errorsOf(alice, bob));
console.log('alice to carol:', await errorsOf(alice, carol));
await coordinator.close();

// Prints:
// alice to bob: []
// alice to carol: [
//   'authorization: you may not open a tunnel to ca401000-0000-4000-8000-000000000000'
// ]
