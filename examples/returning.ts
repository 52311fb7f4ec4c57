import { NEVER, defer, filter, repeat, retry } from 'rxjs';
import type { Coordinator } from 'tailnet-coordinator';

/**
 * A client that comes back by itself, a second after its connection has ended in whatever way. Of responses with an
 * `error`, each of which is the last of a connection, or a mere warning, nothing is seen.
 */
export const returning = (client: Pick<Coordinator, 'coordinate$'>): Pick<Coordinator, 'coordinate$'> => ({
  coordinate$: (peerId, requests$ = NEVER, options = {}) =>
    defer(() => client.coordinate$(peerId, requests$, options)).pipe(
      filter(({ error }) => error === ''),
      retry({ delay: 1000 }),
      repeat({ delay: 1000 }),
    ),
});
