import { type Observable, type SchedulerLike, EMPTY, exhaustMap, ignoreElements, merge, tap, timer } from 'rxjs';
import type { Logger } from 'pino';
import type { Binding, Microseconds, Uuid } from '../db/store.js';
import type { Binder, HeldBinding } from './binder.js';
import { coalesceInBatches } from './operators/coalesceInBatches.js';
import { repeatWhile } from './operators/repeatWhile.js';
import type { StoreCalls } from './storeCalls.js';
import { Removals } from './removals.js';
import type { Tunneler, WrittenSource, WrittenTunnels } from './tunneler.js';
import { createInbox } from './inbox.js';

/** What a peer took back here, while it still seemed to be at another coordinator, too. Another object whenever it changes. */
export interface Withdrawal {
  /** When the last of it was written, by the database's clock. */
  readonly at: Microseconds;
  /** All it had, or the tunnels it removed, each until the tick with which it is forgotten. */
  readonly what: 'all' | Removals;
  /** The tick with which all of it is forgotten. */
  readonly until: number;
}

/**
 * A withdrawal is remembered for so many ticks of a timer, the first of which may be shorter. Not until some time: the
 * clock may be set.
 */
const ticks = 60;

/** For so long after it was said, what a peer said elsewhere may still be written. */
const underWay: Microseconds = 1_000_000;

/**
 * What to do about a withdrawal, given the peer's bindings elsewhere:
 *
 * - `forget`: there is none left, or the peer has said something there since: it lives there.
 * - `wait`: it may live there, or its connection may be broken without anybody having noticed. A row written just after
 *   the withdrawal is no sign of life: the peer may have said it before it moved, and the write was under way.
 * - `repeat`: it does not live there any more, so the withdrawal now reaches what it left.
 */
export const nextStep = (
  elsewhere: readonly Omit<Binding, 'node'>[],
  { at }: Pick<Withdrawal, 'at'>,
  isLive: (coordinatorId: Uuid) => boolean,
): 'forget' | 'wait' | 'repeat' => {
  if (elsewhere.length === 0) return 'forget';
  const there = elsewhere.filter(({ status, coordinatorId }) => status === 'ok' && isLive(coordinatorId));
  if (there.some(({ updatedAt }) => updatedAt > at + underWay)) return 'forget';
  return there.length > 0 ? 'wait' : 'repeat';
};

export interface LeftoversOptions {
  readonly calls: Pick<StoreCalls, 'readBindings' | 'inBatches'>;
  readonly coordinatorId: Uuid;
  readonly binder: Pick<Binder, 'accept'>;
  readonly tunneler: Pick<Tunneler, 'accept' | 'wantedBy'>;
  readonly isConnected: (peerId: Uuid) => boolean;
  readonly isLive: (coordinatorId: Uuid) => boolean;
  /** Milliseconds for which a withdrawal is remembered at most: longer than a broken connection goes unnoticed. */
  readonly memory: number;
  readonly scheduler: SchedulerLike;
  readonly logger: Logger;
}

/** What was written of a peer; `isRepeated`: it is a goodbye that was made again. */
export interface WrittenBinding extends Pick<HeldBinding, 'peerId' | 'kind'> {
  readonly isRepeated?: true;
}

/** Sees to it that what a peer took back is gone everywhere, also where its death was noticed only later. */
export interface Leftovers {
  /** Bindings were written here. */
  readonly bindingsWritten: (written: {
    readonly bindings: readonly WrittenBinding[];
    readonly at: Microseconds;
  }) => void;
  /** Tunnels were written here. */
  readonly tunnelsWritten: (written: WrittenTunnels) => void;
  /** A peer's binding changed somewhere. Costs one look-up unless it took something back lately. */
  peerChanged(peerId: Uuid): void;
  /** A coordinator was given up, or hints may have been missed: any of what is remembered may be due. */
  lookAgain(): void;
  /** Works while it is subscribed to. Never completes. */
  readonly work$: Observable<never>;
}

/**
 * A peer moves from one coordinator to another and then says goodbye there. If the first one does not know yet that
 * the peer has gone (it died a second ago, or waits for an answer on a dead connection), the peer's row there must stay,
 * for the peer could as well be connected to both. So the withdrawal is remembered for a while, and made again once the
 * row is lost or its coordinator is.
 */
export const createLeftovers = ({
  calls,
  coordinatorId,
  binder,
  tunneler,
  isConnected,
  isLive,
  memory,
  scheduler,
  logger,
}: LeftoversOptions): Leftovers => {
  /** By peer, oldest first, so that forgetting looks at no more than what it forgets. */
  const withdrawals = new Map<Uuid, Withdrawal>();
  const suspects$ = createInbox<Uuid>();

  let now = 0;

  const forgetOld = (): void => {
    now += 1;
    for (const [peerId, { until }] of withdrawals) {
      if (until > now) break;
      withdrawals.delete(peerId);
    }
  };

  /** Ticks for as long as there is anything to forget. */
  const forget$ = timer(memory / ticks, scheduler).pipe(
    tap(forgetOld),
    ignoreElements(),
    repeatWhile(() => withdrawals.size > 0),
  );

  const keep = (peerId: Uuid, withdrawal: Withdrawal): void => {
    withdrawals.delete(peerId);
    withdrawals.set(peerId, withdrawal);
    suspects$.next(peerId);
  };

  const rememberGoodbye = (peerId: Uuid, at: Microseconds): void => {
    keep(peerId, { at, what: 'all', until: now + ticks });
  };

  const rememberRemovals = (peerId: Uuid, at: Microseconds, removed: readonly Uuid[]): void => {
    const until = now + ticks;
    const before = withdrawals.get(peerId)?.what ?? 'all';
    const what = before === 'all' ? new Removals() : before;
    what.remember(removed, now, until);
    keep(peerId, { at, what, until });
  };

  const check = (peerIds: readonly Uuid[]): Observable<never> => {
    const suspects = new Map<Uuid, Withdrawal>();
    for (const peerId of peerIds) {
      const withdrawal = withdrawals.get(peerId);
      if (withdrawal !== undefined) suspects.set(peerId, withdrawal);
    }
    if (suspects.size === 0) return EMPTY;
    return calls.readBindings([...suspects.keys()]).pipe(
      tap((bindings) => {
        for (const [peerId, withdrawal] of suspects) decide(peerId, withdrawal, bindings.get(peerId) ?? []);
      }),
      ignoreElements(),
    );
  };

  const decide = (peerId: Uuid, withdrawal: Withdrawal, rows: readonly Binding[]): void => {
    const elsewhere = rows.filter((row) => row.coordinatorId !== coordinatorId);
    const step = nextStep(elsewhere, withdrawal, isLive);
    if (step === 'wait' || withdrawals.get(peerId) !== withdrawal) return;
    withdrawals.delete(peerId);
    if (step === 'repeat') repeatWithdrawal(peerId, withdrawal);
  };

  /** Whatever it reaches this time, there is no third. */
  const repeatWithdrawal = (peerId: Uuid, { what }: Withdrawal): void => {
    if (what === 'all') {
      // Somebody who has come back here has rows here, which are not to go.
      if (isConnected(peerId)) return;
      binder.accept({ kind: 'disconnected', peerId, isRepeated: true });
      tunneler.accept({ kind: 'clear', src: peerId });
      return;
    }
    const wanted = tunneler.wantedBy(peerId);
    for (const dst of what.at(now)) {
      if (!wanted.has(dst)) tunneler.accept({ kind: 'withdraw', src: peerId, dst });
    }
  };

  /** Tunnels that were opened again are not to be removed again. */
  const dropWanted = (peerId: Uuid, wanted: readonly Uuid[]): void => {
    const withdrawal = withdrawals.get(peerId);
    if (withdrawal === undefined || withdrawal.what === 'all') return;
    const { what } = withdrawal;
    if (!what.forget(wanted)) return;
    if (what.size === 0) {
      withdrawals.delete(peerId);
      return;
    }
    withdrawals.set(peerId, { ...withdrawal });
    // What a check under way finds is about what it was before, and comes to nothing.
    suspects$.next(peerId);
  };

  const bindingWritten = ({ peerId, kind, isRepeated }: WrittenBinding, at: Microseconds): void => {
    if (kind === 'disconnected' && isRepeated !== true) rememberGoodbye(peerId, at);
    // The peer has come back here, and a goodbye made again would reach this life, too.
    if (kind === 'node' && withdrawals.get(peerId)?.what === 'all') withdrawals.delete(peerId);
  };

  const sourceWritten = ({ src, add, remove, clear }: WrittenSource, at: Microseconds): void => {
    dropWanted(src, add);
    // All that it had is remembered with its goodbye.
    if (!clear && remove.length > 0) rememberRemovals(src, at, remove);
  };

  return {
    bindingsWritten: ({ bindings, at }) => {
      for (const binding of bindings) bindingWritten(binding, at);
    },
    tunnelsWritten: ({ sources, at }) => {
      for (const source of sources) sourceWritten(source, at);
    },
    peerChanged: (peerId) => {
      if (withdrawals.has(peerId)) suspects$.next(peerId);
    },
    lookAgain: () => {
      for (const peerId of [...withdrawals.keys()]) suspects$.next(peerId);
    },
    work$: merge(
      suspects$.pipe(
        coalesceInBatches(
          check,
          calls.inBatches('leftovers', (peerId, err) => {
            logger.error({ err, peer_id: peerId }, 'leftovers given up');
          }),
        ),
      ),
      suspects$.pipe(exhaustMap(() => forget$)),
    ),
  };
};
