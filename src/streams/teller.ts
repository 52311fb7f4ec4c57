import { type Observable, type SchedulerLike, concatMap, defer } from 'rxjs';
import type { Uuid } from '../db/store.js';
import { peersChanged } from './changes.js';
import type { Connections } from './connections.js';
import { createInbox } from './inbox.js';
import { inTurns, workForOneTurn } from './operators/inTurns.js';
import { repeatWhile } from './operators/repeatWhile.js';
import type { View } from './view.js';

/** Tells connections of what they watch. */
export interface Teller {
  /**
   * Tells each connection of all the peers among these that it watches: they may look different now. Those for whom there
   * is no time in this turn are told in later ones.
   */
  readonly tellWatchers: (changedIds: readonly Uuid[]) => void;
  /** Tells those who have to wait, while it is subscribed to. Never completes. */
  readonly told$: Observable<never>;
}

export interface TellerOptions {
  readonly view: Pick<View, 'watchersOf'>;
  readonly connections: Pick<Connections, 'post'>;
  readonly scheduler: SchedulerLike;
}

/** Works when it is asked for the next item: first it finds out whom it is about, then it tells one watcher at a time. */
type Round = Iterator<void>;

/** What is left to be done about an item of a round. */
const nothing = (): void => undefined;

/**
 * What concerns a connection is only that a peer may look different: what has become of it is looked up as it is told.
 * So it does not matter that some hear it a few turns later, once for several changes, or in another order. To tell the
 * ten thousand watchers of one peer takes a tenth of a second, and the heartbeats of this process are not to wait for it.
 *
 * What waits is bounded by the peers that are watched. Meanwhile, the few whom another change concerns are told at once;
 * of a crowd, some are, and once more with the others.
 */
export const createTeller = ({ view, connections, scheduler }: TellerOptions): Teller => {
  /** Peers whose watchers are told when those are told who are being told. */
  const waiting = new Set<Uuid>();
  let isBehind = false;
  const late$ = createInbox<Round>();

  function* roundAboutOne(peerId: Uuid): Round {
    // All watchers of a peer, perhaps thousands, are told by the same object.
    const changes = peersChanged([peerId]);
    for (const watcherId of view.watchersOf(peerId)) {
      connections.post(watcherId, changes);
      yield;
    }
  }

  /** Each watcher is told once of all that has changed for it. */
  function* roundAboutSeveral(changedIds: readonly Uuid[]): Round {
    const concerned = new Map<string, Uuid[]>();
    for (const peerId of changedIds) {
      for (const watcherId of view.watchersOf(peerId)) {
        const peers = concerned.get(watcherId);
        if (peers === undefined) concerned.set(watcherId, [peerId]);
        else peers.push(peerId);
        yield;
      }
      yield;
    }
    for (const [watcherId, peers] of concerned) {
      connections.post(watcherId, peersChanged(peers));
      yield;
    }
  }

  const roundAbout = (changedIds: readonly Uuid[]): Round => {
    const [only] = changedIds;
    return only !== undefined && changedIds.length === 1 ? roundAboutOne(only) : roundAboutSeveral(changedIds);
  };

  /** Those who wait meanwhile come next. */
  const tellInTurns = (late: Round): Observable<never> => {
    let round = late;
    const isMore = (): boolean => {
      isBehind = waiting.size > 0;
      if (isBehind) round = roundAbout([...waiting]);
      waiting.clear();
      return isBehind;
    };
    return defer(() => inTurns(round, nothing, scheduler)).pipe(repeatWhile(isMore));
  };

  return {
    tellWatchers: (changedIds) => {
      const round = roundAbout(changedIds);
      // Meanwhile, a crowd is not to take the turns of those who wait.
      if (workForOneTurn(round, nothing, scheduler, isBehind ? { milliseconds: 0 } : {})) return;
      if (isBehind) {
        for (const peerId of changedIds) waiting.add(peerId);
      } else {
        isBehind = true;
        late$.next(round);
      }
    },
    told$: late$.pipe(concatMap(tellInTurns)),
  };
};
