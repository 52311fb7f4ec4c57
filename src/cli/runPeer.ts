import { Subject, of } from 'rxjs';
import { TailnetClientError, tailnetClient$, webSocketTransport } from '../client/index.js';
import type { ClientTls } from '../client/index.js';
import type { Node } from '../proto/gen/tailnet.js';
import type { Uuid } from '../proto/uuid.js';
import { peerEvents } from './peerEvents.js';
import type { PeerEvent } from './peerEvent.js';

export interface RunPeerOptions {
  readonly url: URL;
  /** Proves who this is. Default: nothing does. */
  readonly token?: string;
  /** What is shown and trusted over TLS. Default: what Node.js does by itself. */
  readonly tls?: ClientTls;
  readonly id: Uuid;
  readonly node: Node;
  readonly tunnels: readonly Uuid[];
  readonly print: (event: PeerEvent) => void;
}

/**
 * Stays connected until SIGINT or SIGTERM, then says goodbye. Returns the exit code: 0 after a goodbye, 1 when the
 * coordinator will never take this peer as it is.
 */
export async function runPeer({ url, id, token, tls, node, tunnels, print }: RunPeerOptions): Promise<number> {
  const goodbye = new Subject<void>();
  let isStopped = false;
  const onSignal = () => {
    // The second time is for those who do not want to wait.
    if (isStopped) process.exit(130);
    isStopped = true;
    goodbye.next();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const client$ = tailnetClient$({
    ...{ url, id, node$: of(node), tunnels$: of(tunnels), goodbye$: goodbye },
    transport: webSocketTransport(tls && { tls }),
    // There is no WireGuard behind it.
    readyForHandshake: false,
    lostGrace: Infinity,
    ...(token !== undefined && { token }),
  });
  try {
    await peerEvents(client$, { id, url }).forEach(print);
    return 0;
  } catch (error) {
    if (error instanceof TailnetClientError) return 1;
    throw error;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
