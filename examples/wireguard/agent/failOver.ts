import { defer, tap } from 'rxjs';
import type { Transport } from 'tailnet-coordinator/client';

/**
 * A transport that knows several coordinators: it stays with one for as long as that one answers, and tries the next
 * after each connection that has ended, or was never made. Where a load balancer stands before the coordinators it is
 * not needed.
 *
 * @param urls at least one, in the order in which to try them
 * @param onTry is told with whom it is tried now
 */
export const failOver = (urls: readonly URL[], transport: Transport, onTry: (url: URL) => void): Transport => {
  let position = 0;
  return {
    ...transport,
    // Whoever uses it gives no URL.
    protocols: [],
    connect$: (call) =>
      defer(() => {
        const url = urls[position % urls.length];
        if (url === undefined) throw new TypeError('failOver needs at least one URL');
        onTry(url);
        return transport.connect$({ ...call, url }).pipe(
          tap((event) => {
            if (event.kind === 'closed') position += 1;
          }),
        );
      }),
  };
};
