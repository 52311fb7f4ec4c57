import { setTimeout as delay } from 'node:timers/promises';
import type { Uuid } from '../db/store.js';
import type { Node } from '../proto/gen/tailnet.js';
import { connectPeer, type PeerConnection } from './connectPeer.js';
import type { PeerEvent } from './peerEvent.js';
import type { PeerTls } from './peerTls.js';

export interface RunPeerOptions {
  readonly url: URL;
  /** Proves who this is. Default: nothing does. */
  readonly token?: string;
  /** What is shown and trusted over TLS. Default: what Node.js does by itself. */
  readonly tls?: PeerTls;
  readonly id: Uuid;
  readonly node: Node;
  readonly tunnels: readonly Uuid[];
  readonly print: (event: PeerEvent) => void;
}

const [firstRetry, lastRetry] = [500, 10_000];

/** How long the coordinator may take to answer a goodbye. */
const goodbyePatience = 5000;

/**
 * Stays connected until SIGINT or SIGTERM, then says goodbye. Returns the exit code: 0 after a goodbye, 1 when the
 * coordinator will never take this peer as it is.
 */
export async function runPeer(options: RunPeerOptions): Promise<number> {
  const stop = new AbortController();
  const isStopped = () => stop.signal.aborted;
  let connection: PeerConnection | undefined;
  const onSignal = () => {
    // The second time is for those who do not want to wait.
    if (isStopped()) process.exit(130);
    stop.abort();
    connection?.sayGoodbye(goodbyePatience);
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    for (let failures = 0; ; failures += 1) {
      let connectedAt = Infinity;
      connection = connectPeer({
        ...options,
        print: (event) => {
          if (event.kind === 'connected') connectedAt = performance.now();
          // That it accepted says nothing: a coordinator without its database does so, too, and closes again.
          if (event.kind === 'update') failures = 0;
          options.print(event);
        },
      });
      const { code, reason, final } = await connection.ended;
      if (isStopped() || final) {
        options.print({ kind: 'closed', code, reason });
        return isStopped() ? 0 : 1;
      }
      // Peers without tunnels hear nothing for as long as all is well.
      if (performance.now() - connectedAt > lastRetry) failures = 0;
      const longest = Math.min(lastRetry, firstRetry * 1.5 ** failures);
      const retryIn = Math.round(longest * (0.5 + Math.random() / 2));
      options.print({ kind: 'closed', code, reason, retryIn });
      await delay(retryIn, undefined, { signal: stop.signal }).catch(() => {});
      if (isStopped()) return 0;
    }
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
