import {
  type Observable,
  NEVER,
  Subject,
  concat,
  concatMap,
  connect,
  defer,
  distinctUntilChanged,
  filter,
  ignoreElements,
  map,
  observeOn,
  of,
  pairwise,
  queueScheduler,
  scan,
  share,
  shareReplay,
  tap,
} from 'rxjs';
import type { MonoTypeOperatorFunction } from 'rxjs';
import type { Uuid } from '../proto/uuid.js';
import { untilAnyCompletes } from '../streams/operators/untilAnyCompletes.js';
import { afterwards } from './afterwards.js';
import { connections$ } from './connections.js';
import { expiry$ } from './expiry.js';
import { type Happening, foldHappening, noMemory } from './foldHappening.js';
import { ownRequests$ } from './ownRequests.js';
import { type ResolvedClientOptions, uuidOf } from './resolveClientOptions.js';
import type { TailnetState } from './tailnetState.js';
import { type TunnelLedger, ledgerAfterLoss, removalsIn } from './tunnelLedger.js';

/** What a client knows, from when it is subscribed to. */
export const clientStates$ = (options: ResolvedClientOptions): Observable<TailnetState> =>
  defer(() => {
    const { scheduler, readyForHandshake } = options;
    const now = () => scheduler.now();
    const ledger: { current: TunnelLedger } = { current: new Map() };
    let isLeaving = false;

    const node$ = options.node$.pipe(replayNewest());
    const tunnels$ = (options.tunnels$ ?? of([])).pipe(
      map((ids): ReadonlySet<Uuid> => new Set([...ids].map((id) => uuidOf('tunnels$', id)))),
      replayNewest(),
    );
    const goodbye$ = (options.goodbye$ ?? NEVER).pipe(
      tap(() => (isLeaving = true)),
      replayNewest(),
    );
    const reconnect$ = (options.reconnect$ ?? NEVER).pipe(share());
    // Who is told that a node is in use depends on what is emitted, and what is emitted on what expires.
    // eslint-disable-next-line no-restricted-syntax -- the loop is closed here
    const inUse = new Subject<readonly Uuid[]>();
    // eslint-disable-next-line no-restricted-syntax -- and here
    const expired = new Subject<Happening>();
    const programmed$ =
      typeof readyForHandshake === 'object'
        ? readyForHandshake.pipe(tap((ids) => inUse.next([...ids].map((id) => uuidOf('readyForHandshake', id)))))
        : NEVER;

    const withdrawn$ = tunnels$.pipe(
      pairwise(),
      map(([before, wanted]) => [...before].filter((id) => !wanted.has(id))),
      filter((ids) => ids.length > 0),
      map((ids): Happening => ({ kind: 'withdrawn', ids })),
    );

    const happenings$ = untilAnyCompletes<Happening>(
      // They are subscribed to for as long as the client is, whatever becomes of its connections.
      ...[node$, goodbye$, reconnect$, programmed$].map((input$) => concat(input$.pipe(ignoreElements()), NEVER)),
      concat(withdrawn$, NEVER),
      expired,
      connections$(options, {
        requests$: ownRequests$({ node$, tunnels$, goodbye$, inUse$: inUse, ledger, now }),
        ...{ goodbye$, reconnect$, isLeaving: () => isLeaving },
        onEnd: () => (ledger.current = ledgerAfterLoss(ledger.current, now())),
      }).pipe(
        concatMap((happening): Happening[] =>
          // What the coordinator would have said about the removals it will say to nobody.
          happening.kind === 'connection' && happening.connection.kind === 'waiting'
            ? [happening, { kind: 'withdrawn', ids: removalsIn(ledger.current) }]
            : [happening],
        ),
      ),
    );

    const states$ = happenings$.pipe(
      // What happens within a subscriber's `next` comes after it.
      observeOn(queueScheduler),
      scan((memory, happening) => foldHappening(memory, happening, now()), noMemory),
      map(({ state }) => state),
      distinctUntilChanged(),
    );

    return states$.pipe(
      connect((shared$) => {
        const dropping$ = expiry$(shared$, options).pipe(
          tap((ids) => expired.next({ kind: 'expired', ids })),
          ignoreElements(),
        );
        return untilAnyCompletes(shared$, dropping$);
      }),
      afterwards(({ changes, response }) => {
        if (readyForHandshake !== true || !response) return;
        const ids = changes.filter(({ kind }) => kind === 'node').map(({ id }) => id);
        if (ids.length > 0) inUse.next([...new Set(ids)]);
      }),
    );
  });

/** Shares one subscription, and gives the newest value to who comes later, also when the source has completed. */
const replayNewest = <T>(): MonoTypeOperatorFunction<T> => shareReplay({ bufferSize: 1, refCount: true });
