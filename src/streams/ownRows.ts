import type { Logger } from 'pino';
import {
  type Observable,
  type SchedulerLike,
  EMPTY,
  bufferCount,
  catchError,
  concat,
  concatMap,
  defer,
  expand,
  from,
  ignoreElements,
  tap,
} from 'rxjs';
import type { OwnBinding, Store, Tunnel, Uuid } from '../db/store.js';
import { holdBytes } from '../proto/nodeBytes.js';
import type { Binder } from './binder.js';
import { inTurns, inTurnsFromNow } from './operators/inTurns.js';
import type { StoreCalls } from './storeCalls.js';
import type { Tunneler } from './tunneler.js';

export interface OwnRowsOptions {
  readonly store: Pick<Store, 'readOwnBindings' | 'readOwnTunnels'>;
  readonly calls: Pick<StoreCalls, 'readBindings' | 'sizes' | 'retry'>;
  readonly coordinatorId: Uuid;
  readonly binder: Binder;
  readonly tunneler: Tunneler;
  readonly scheduler: SchedulerLike;
  readonly logger: Logger;
}

/**
 * Compares the rows of this coordinator with what its live connections last said, and with what becomes of those who have
 * gone while a statement failed that may take effect yet; and has them written again where they differ. Rows vanish or
 * go back in time without a word: by a restore, by a fail-over to a replica that was behind, by hand. Completes when
 * everything was compared; what is found is written by binder and tunneler.
 */
export const checkOwnRows$ = (options: OwnRowsOptions): Observable<never> =>
  defer(() => {
    const compared = options.tunneler.checkBegins();
    return concat(checkOwnBindings$(options), checkOwnTunnels$(options)).pipe(tap({ complete: compared }));
  }).pipe(
    catchError((err: unknown) => {
      options.logger.error({ err }, 'check of the own rows given up until the next one');
      return EMPTY;
    }),
  );

const checkOwnBindings$ = ({ store, calls, coordinatorId, binder, scheduler }: OwnRowsOptions): Observable<never> =>
  defer(() => {
    /** What stood written when this began, less what is found as it should be. */
    const missing = new Map(binder.written());
    const deserted: Uuid[] = [];

    const compare = ({ peerId, updatedAt, status }: OwnBinding): void => {
      if (missing.get(peerId) === updatedAt && status === 'ok') missing.delete(peerId);
      else if (status === 'ok' && !binder.knows(peerId)) deserted.push(peerId);
    };
    const compare$ = store.readOwnBindings(coordinatorId).pipe(
      calls.retry(),
      concatMap((rows) => inTurnsFromNow(rows[Symbol.iterator](), compare, scheduler)),
    );

    const writeMissing$ = inTurns(
      missing.entries(),
      ([peerId, at]) => {
        // What was written meanwhile is newer than what was read.
        if (binder.writtenAt(peerId) === at) binder.reassert(peerId);
      },
      scheduler,
    );

    const loseDeserted$ = defer(() => from(deserted)).pipe(
      bufferCount(calls.sizes.chunk),
      concatMap((peerIds) => calls.readBindings(peerIds).pipe(calls.retry())),
      tap((bindings) => {
        for (const row of [...bindings.values()].flat()) {
          if (row.coordinatorId === coordinatorId) binder.abandon(row.peerId, holdBytes(row.node));
        }
      }),
      ignoreElements(),
    );

    return concat(compare$, writeMissing$, loseDeserted$);
  });

const checkOwnTunnels$ = ({ store, calls, coordinatorId, tunneler, scheduler }: OwnRowsOptions): Observable<never> =>
  defer(() => {
    const { ownTunnels } = calls.sizes;
    const found = new Map<Uuid, Set<Uuid>>();
    const surplus: Tunnel[] = [];
    const page$ = (after: Tunnel | undefined) =>
      store.readOwnTunnels(coordinatorId, after, ownTunnels).pipe(calls.retry());
    const compare$ = page$(undefined).pipe(
      expand((page) => (page.length < ownTunnels ? EMPTY : page$(page.at(-1)))),
      tap((page) => {
        for (const { src, dst } of page) {
          if (tunneler.isSurplus(src, dst)) surplus.push({ src, dst });
          const destinations = found.get(src);
          if (destinations === undefined) found.set(src, new Set([dst]));
          else destinations.add(dst);
        }
      }),
      ignoreElements(),
    );

    // One that is opened meanwhile is written once more: that costs less than to keep the process from everything else.
    const writeMissing$ = defer(() =>
      inTurns(
        tunneler.wanted()[Symbol.iterator](),
        ({ src, dst }) => {
          if (!found.get(src)?.has(dst)) tunneler.reassert(src, dst);
        },
        scheduler,
      ),
    );

    const removeSurplus$ = defer(() =>
      inTurns(
        surplus.values(),
        ({ src, dst }) => {
          if (tunneler.isSurplus(src, dst)) tunneler.reassert(src, dst);
        },
        scheduler,
      ),
    );

    return concat(compare$, writeMissing$, removeSurplus$);
  });
