import { NEVER, defer, repeat, retry } from 'rxjs';
import type { Coordinator } from 'tailnet-coordinator';

type Coordinates = Pick<Coordinator, 'coordinate$'>;

/**
 * Several coordinators as one: when a connection ends, in whatever way, the peer goes to the next of them, `pause`
 * milliseconds later. So it never completes, but for a goodbye of the peer.
 *
 * `requests$` is subscribed to again for each connection, and must begin with all that a coordinator has to know: the node
 * and the tunnels of the peer. A coordinator that the peer is new to tells it of everybody anew.
 */
export const withFailover = (coordinators: readonly Coordinates[], pause = 1000): Coordinates => ({
  coordinate$: (peerId, requests$ = NEVER, options = {}) => {
    let connections = 0;
    const connect = () => coordinators[connections++ % coordinators.length];
    return defer(() => connect()?.coordinate$(peerId, requests$, options) ?? NEVER).pipe(
      retry({ delay: pause }),
      repeat({ delay: pause }),
    );
  },
});
