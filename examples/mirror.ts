import { BehaviorSubject, NEVER, concat, concatMap, defer, finalize, from, map, repeat, retry } from 'rxjs';
import type { Observable } from 'rxjs';
import { requests } from 'tailnet-coordinator';
import type { Coordinator, PeerUpdate, Uuid } from 'tailnet-coordinator';

/** What is written to. */
export interface OtherSystem {
  readonly clear: () => Promise<void>;
  readonly write: (update: PeerUpdate) => Promise<void>;
}

/**
 * Follows some peers, as one peer, and writes one update after the other, each until that has succeeded. Emits those that
 * are written.
 *
 * While it writes it is not ready. So nothing queues: what changes meanwhile is merged into the next response. When its
 * connection has ended it starts afresh, for nobody tells it who has left in the meantime.
 */
export const mirror = (
  coordinator: Pick<Coordinator, 'coordinate$'>,
  { as, peers, to }: { as: Uuid; peers: readonly Uuid[]; to: OtherSystem },
): Observable<PeerUpdate> => {
  const untilDone = (work: () => Promise<void>) => defer(work).pipe(retry({ delay: 50 }));
  const written = (update: PeerUpdate) => untilDone(() => to.write(update)).pipe(map(() => update));
  const connection$ = defer(() => {
    const ready$ = new BehaviorSubject(true);
    const tunnels$ = concat(from(peers).pipe(map(requests.addTunnel)), NEVER);
    return coordinator.coordinate$(as, tunnels$, { ready$ }).pipe(
      concatMap(({ peerUpdates }) => {
        ready$.next(false);
        return concat(...peerUpdates.map(written)).pipe(finalize(() => ready$.next(true)));
      }),
    );
  });
  return untilDone(to.clear).pipe(
    concatMap(() => connection$),
    repeat({ delay: 50 }),
  );
};
