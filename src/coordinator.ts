/*
 * A coordinator, wired. What is decided is decided in the parts; read this first.
 *
 *            requests$                                            responses$
 *  peer ───► connection ──► binder · tunneler · handshaker   mapper ◄──── view ◄──── querier
 *                             │ coalesced by key, batched                              ▲ reads, batched
 *                             ▼                                                        │
 *                 store: one statement writes and notifies ──────► database ───────────┤
 *                                                                  bus ──── hints ─────┘
 *  heartbeats ──► health ──► connections             heartbeats of others ──► liveness ──► view
 *
 * A *binding* is the node of a peer at a coordinator; a *mapping* is what a connection must know of another peer.
 */
import {
  type Observable,
  AsyncSubject,
  BehaviorSubject,
  EMPTY,
  NEVER,
  Subject,
  audit,
  catchError,
  concat,
  concatWith,
  connect,
  defer,
  distinctUntilChanged,
  filter,
  finalize,
  ignoreElements,
  lastValueFrom,
  map,
  merge,
  of,
  pairwise,
  share,
  takeUntil,
  tap,
  timer,
} from 'rxjs';
import type { CloseOptions, Coordinator, Health } from './api.js';
import { peerAuth } from './auth/peerAuth.js';
import type { CoordinatorAge, Uuid, Writer } from './db/store.js';
import { createMultiAgent } from './multiAgent.js';
import type { CoordinatorOptions } from './options.js';
import { closeErrors, errorResponse } from './proto/responses.js';
import { parseUuid } from './proto/uuid.js';
import { resolveOptions } from './resolveOptions.js';
import { applyLive } from './streams/applyLive.js';
import { createBinder } from './streams/binder.js';
import { cleanup$ } from './streams/cleanup.js';
import { createClosing } from './streams/closing.js';
import { type ConnectionParts, connection$ } from './streams/connection.js';
import { Connections } from './streams/connections.js';
import { createComposeUpdate } from './streams/composeUpdate.js';
import { bindingDecoder } from './streams/bindingDecoder.js';
import { followHint } from './streams/followHint.js';
import { createHandshaker } from './streams/handshaker.js';
import { evacuation$ } from './streams/evacuation.js';
import { vitality$ } from './streams/health.js';
import { heartbeats$ } from './streams/heartbeats.js';
import { type CoordinatorHint, concernsCoordinators, hints$ } from './streams/hints.js';
import { holdingsOf } from './streams/holdings.js';
import { keptTunnels$ } from './streams/keptTunnels.js';
import { LateTunnels } from './streams/lateTunnels.js';
import { createLeftovers } from './streams/leftovers.js';
import { listeningAnew, withOwnHeartbeatHeard } from './streams/listening.js';
import { liveness$ } from './streams/liveness.js';
import { measuredDatabase } from './streams/measuredDatabase.js';
import { newestNode } from './streams/newestNode.js';
import { coalesceByKey } from './streams/operators/coalesceByKey.js';
import { retryWithBackoff } from './streams/operators/retryWithBackoff.js';
import { untilAnyCompletes } from './streams/operators/untilAnyCompletes.js';
import { checkOwnRows$ } from './streams/ownRows.js';
import { ownRowsDoubts$ } from './streams/ownRowsDoubts.js';
import { createQuerier } from './streams/querier.js';
import { createStoreCalls } from './streams/storeCalls.js';
import { resync$, rollingCheck$ } from './streams/sweep.js';
import { trouble$ } from './streams/trouble.js';
import { createTeller } from './streams/teller.js';
import { createTunneler } from './streams/tunneler.js';
import { looks$, unheard$ } from './streams/unheard.js';
import { unshiftedDatabase } from './streams/unshiftedDatabase.js';
import { View } from './streams/view.js';
import { guardVirtualTime } from './streams/virtualTimeGuard.js';
import { type WatchUpdate, watch$ } from './streams/watch.js';

const everything = peerAuth();

/** Milliseconds that closing waits for connections to be given back. */
const connectionsTimeout = 2_000;

/**
 * Starts a coordinator.
 *
 * @throws TypeError `not a UUID: "…"`, `database: …`, and `logger: …` and the like for what is something else; RangeError
 *   `tuning: …`
 */
export const createCoordinator = (options: CoordinatorOptions): Coordinator => {
  const { id, logger, scheduler, turnScheduler, close$, random, telemetry, tuning, database, ownsDatabase } =
    resolveOptions(options);
  const { store, bus } = unshiftedDatabase(measuredDatabase(database, telemetry), scheduler);
  const expiry = tuning.heartbeatPeriod * tuning.missedHeartbeats;
  /** How often it is looked whether there is anybody, or anything, that cannot be heard of. */
  const lookPeriod = 5 * expiry;
  const writer: Writer = { coordinatorId: id, expiry };

  /* eslint-disable no-restricted-syntax -- the borders to those who call, and what runs against the drawing's arrows */
  const health$ = new BehaviorSubject<Health>('starting');
  const live$ = new BehaviorSubject<ReadonlySet<Uuid>>(new Set());
  const closeRequests$ = new Subject<Required<CloseOptions>>();
  const begun$ = new AsyncSubject<never>();
  const reachable$ = new Subject<unknown>();
  const failedWrites$ = new Subject<unknown>();
  const ages$ = new Subject<readonly CoordinatorAge[]>();
  /* eslint-enable no-restricted-syntax */

  const backoff = {
    ...{ initial: tuning.initialBackoff, max: tuning.maxBackoff },
    random,
    scheduler,
    wake$: reachable$,
  };
  const calls = createStoreCalls({
    ...{ store, writer, tuning, turnScheduler, backoff, begun$ },
    onWriteFailed: () => {
      failedWrites$.next(undefined);
    },
    telemetry,
    logger: logger.child({ part: 'store' }),
  });
  const connections = new Connections();
  const isConnected = connections.has;
  const decode = bindingDecoder(logger.child({ part: 'view' }));
  const isOpeningTunnels = (peerId: Uuid): boolean => tunneler.isWriting(peerId);
  const binder = createBinder(calls, logger.child({ part: 'binder' }), isOpeningTunnels, telemetry);
  const view = new View(id, decode, binder.nodeOf);
  const lateTunnels = new LateTunnels();
  const tunneler = createTunneler(calls, logger.child({ part: 'tunneler' }), binder, lateTunnels);
  const handshaker = createHandshaker({
    ...{ bus, turnScheduler, maxBatchSize: tuning.maxBatchSize, telemetry },
    logger: logger.child({ part: 'handshaker' }),
  });
  const teller = createTeller({ view, connections, scheduler });
  const querier = createQuerier({
    ...{ coordinatorId: id, calls, view, binder, tunneler, connections, teller, scheduler, telemetry },
    onMissing: (src, dst) => {
      if (tunneler.wantedBy(src).has(dst)) tunneler.reassert(src, dst);
    },
    logger: logger.child({ part: 'querier' }),
  });
  const leftovers = createLeftovers({
    ...{ calls, coordinatorId: id, binder, tunneler, isConnected, isLive: view.isLive, scheduler },
    memory: 10 * expiry,
    logger: logger.child({ part: 'leftovers' }),
  });

  const beats$ = heartbeats$({
    ...{ store, coordinatorId: id, scheduler, telemetry },
    period: tuning.heartbeatPeriod,
    limit: tuning.heartbeatTimeout,
  }).pipe(
    tap((beat) => {
      begun$.complete();
      if (beat.kind === 'written') reachable$.next(beat);
      else logger.warn({ err: beat.error }, 'heartbeat failed');
    }),
    share(),
  );

  /** Most hints end here: what is left are the heartbeats and gaps, of which several parts want to hear. */
  const listen$ = hints$(bus, logger.child({ part: 'hints' })).pipe(
    tap((hint) => {
      followHint({ querier, connections, leftovers, telemetry }, hint);
    }),
    filter(concernsCoordinators),
    withOwnHeartbeatHeard({ coordinatorId: id, beats$, limit: expiry, scheduler }),
    listeningAnew(backoff, logger),
  );

  /** All that is done about heartbeats and gaps, for as long as they are heard. */
  const follow$ = (heard$: Observable<CoordinatorHint>): Observable<unknown> => {
    const gaps$ = heard$.pipe(filter(({ kind }) => kind === 'gap'));
    const heartbeatsHeard$ = heard$.pipe(
      filter((hint) => hint.kind === 'heartbeat'),
      map(({ coordinatorId }) => coordinatorId),
    );
    const sweep = { view, querier, chunk: calls.sizes.chunk, scheduler };
    const missing$ = unheard$({ coordinatorId: id, heartbeats$: heartbeatsHeard$, ages$, expiry, scheduler }).pipe(
      tap(misses),
    );
    /** The database says more of them than that they were heard: what their times are worth. */
    const newcomers$ = live$.pipe(
      pairwise(),
      filter(([before, live]) => [...live].some((other) => !before.has(other))),
      audit(() => timer(tuning.heartbeatPeriod, scheduler)),
    );
    return merge(
      resync$(merge(gaps$, looks$(missing$, lookPeriod, scheduler)), {
        ...sweep,
        random,
        jitter: tuning.resyncJitter,
        telemetry,
      }),
      rollingCheck$(tuning.rollingCheckPeriod, sweep),
      keptTunnels$({ tunneler, binder, scheduler }),
      vitality$(beats$, gaps$, tuning.missedHeartbeats).pipe(tap(becomes)),
      liveness$({
        ...{ coordinatorId: id, heartbeats$: heartbeatsHeard$, expiry, scheduler },
        gaps$: merge(gaps$, newcomers$),
        readAges$: defer(() => store.readCoordinators(expiry)).pipe(
          tap((ages) => {
            ages$.next(ages);
          }),
        ),
        ...{ backoff, trouble$: trouble$(beats$) },
        ...{ limit: tuning.heartbeatTimeout, grace: tuning.heartbeatPeriod + tuning.heartbeatTimeout },
        lookPeriod,
      }).pipe(tap(livesWith)),
      merge(
        ownRowsDoubts$({ beats$, gaps$, failedWrites$, binder, tunneler, expiry, scheduler }),
        timer(tuning.rollingCheckPeriod, tuning.rollingCheckPeriod, scheduler),
      ).pipe(
        map(() => 'own rows'),
        coalesceByKey(() => checkOwnRows$({ store, calls, coordinatorId: id, binder, tunneler, scheduler, logger })),
      ),
    );
  };

  const becomes = (health: Health): void => {
    if (isClosing() || health === health$.value) return;
    if (health === 'unhealthy')
      logger.error({ health }, `coordinator failed ${String(tuning.missedHeartbeats)} heartbeats and is unhealthy`);
    else logger.info({ health }, 'health changed');
    health$.next(health);
  };

  let unheard = 0;
  /** Of whom nothing is heard nothing is heard that they write, either. */
  const misses = (others: ReadonlySet<Uuid>): void => {
    unheard = others.size;
    if (others.size === 0) logger.info('all live coordinators are heard');
    else logger.warn({ unheard: [...others] }, 'live coordinators are not heard; do all use the same bus?');
  };

  const livesWith = (live: ReadonlySet<Uuid>): void => {
    const before = live$.value;
    // Stopped in order or not: a row says no more than when it was written last.
    const silent = [...before].filter((other) => !live.has(other));
    logger.info({ live: [id, ...live].sort(), silent }, 'live coordinators changed');
    live$.next(live);
    applyLive(view, teller, live);
    if (silent.length > 0) leftovers.lookAgain();
  };

  const evacuate$ = evacuation$({
    ...{ connections, random, scheduler, spread: tuning.unhealthySpread },
    unhealthy$: health$.pipe(
      map((health) => health === 'unhealthy'),
      distinctUntilChanged(),
    ),
  });

  const cleanUp$ = cleanup$({
    ...{ store, random, scheduler, period: tuning.cleanupPeriod },
    logger: logger.child({ part: 'cleanup' }),
  });

  /** Writes what peers ask for; completes once nothing more is taken in and everything is written. */
  const write$ = merge(
    binder.written$.pipe(
      tap((written) => {
        querier.tellWritten(written);
        leftovers.bindingsWritten(written);
      }),
    ),
    binder.published$.pipe(tap(querier.readPutOff)),
    tunneler.written$.pipe(
      tap((written) => {
        querier.tellTunnels(written);
        leftovers.tunnelsWritten(written);
      }),
    ),
    tunneler.added$.pipe(tap(querier.readPutOffTunnels)),
  );

  /** Nothing was written, nothing is to be marked: so a coordinator that never had a database need not wait for it. */
  const loseOwn$ = defer(() => (binder.hasWritten ? store.loseBindings(id) : EMPTY)).pipe(
    retryWithBackoff<number>(backoff),
  );

  const isClosing = (): boolean => health$.value === 'closing' || health$.value === 'closed';

  const { drained$, timedOut$, goesTogether } = createClosing({
    ...{ close$, requests$: closeRequests$, connections, scheduler, logger },
    onBegin: () => {
      if (!isClosing()) health$.next('closing');
    },
    begun$: health$.pipe(filter((health) => health === 'closing')),
    parts: [binder, tunneler, handshaker],
    timeout: tuning.closeTimeout,
  });

  /** The one subscription. It ends when everything is written and the own peers are marked lost, or time is up. */
  const life$ = concat(
    untilAnyCompletes<unknown>(
      concat(write$, loseOwn$).pipe(takeUntil(timedOut$)),
      merge(
        listen$.pipe(connect(follow$)),
        handshaker.published$,
        leftovers.work$,
        querier.reads$,
        teller.told$,
        lateTunnels.time$(scheduler),
        evacuate$,
        cleanUp$,
      ),
      drained$.pipe(concatWith(NEVER)),
    ).pipe(
      catchError((err: unknown) => {
        logger.fatal({ err }, 'coordinator ended by a defect');
        for (const connection of connections.all()) connection.end(closeErrors.internal);
        return EMPTY;
      }),
    ),
    ownsDatabase ? (database.close?.() ?? EMPTY).pipe(takeUntil(timer(connectionsTimeout, scheduler))) : EMPTY,
  );

  /** What it was last, also when all is over: a BehaviorSubject that has completed does not say it. */
  const toTheLast = <T>(subject$: BehaviorSubject<T>): Observable<T> =>
    defer(() => (health$.value === 'closed' ? of(subject$.value) : subject$));
  const coordinators$ = toTheLast(live$).pipe(map((others): readonly Uuid[] => [id, ...others].sort()));
  telemetry.started({
    ...{ id, health$: toTheLast(health$), coordinators$ },
    get unheard() {
      return unheard;
    },
    holdings: holdingsOf({ view, connections, tunneler }),
  });

  const guard = guardVirtualTime(scheduler);
  life$
    .pipe(
      finalize(() => {
        guard.cancel();
        health$.next('closed');
        health$.complete();
        live$.complete();
      }),
    )
    .subscribe({
      error: (err: unknown) => {
        logger.error({ err }, 'connections to the database not given back');
      },
    });

  const parts: ConnectionParts = {
    ...{ connections, view, querier, binder, tunneler, handshaker, scheduler, telemetry },
    goesTogether,
    composeUpdate: createComposeUpdate(telemetry),
    ...{ maxUpdatesPerResponse: tuning.maxUpdatesPerResponse, maxResponseSize: tuning.maxResponseSize },
    authTimeout: tuning.authTimeout,
    logger: logger.child({ part: 'connection' }),
  };

  /** Why nobody may connect now; undefined if they may. */
  const obstacle = (): string | undefined => {
    if (isClosing()) return closeErrors.closed;
    return health$.value === 'unhealthy' ? closeErrors.unhealthy : undefined;
  };

  const coordinate$: Coordinator['coordinate$'] = (
    peer,
    requests$ = NEVER,
    { name = peer, auth = everything, ready$ } = {},
  ) => {
    const peerId = parseUuid(peer);
    return defer(() => {
      const error = obstacle();
      if (error !== undefined) return of(errorResponse(error));
      return connection$(parts, { peerId, name, requests$, auth, ready$ });
    });
  };

  const close = ({ spread = 0 }: CloseOptions = {}): Promise<void> => {
    if (!(spread >= 0 && spread < Infinity)) {
      throw new RangeError(`spread must be a number from 0, got ${String(spread)}`);
    }
    closeRequests$.next({ spread });
    return lastValueFrom(health$.pipe(ignoreElements()), { defaultValue: undefined });
  };

  return {
    id,
    health$: toTheLast(health$),
    coordinators$,
    coordinate$,
    node$: (peer) => {
      const peerId = parseUuid(peer);
      return defer(() => store.readBindings([peerId])).pipe(map((bindings) => newestNode(bindings, decode)));
    },
    watch$: (peer) => {
      const peerId = parseUuid(peer);
      return defer(() => {
        const reason = obstacle();
        return reason === undefined
          ? watch$({ connections, view, querier }, peerId)
          : of<WatchUpdate>({ kind: 'closed', reason });
      });
    },
    multiAgent: (peer) => createMultiAgent({ coordinate$ }, peer),
    close,
    [Symbol.asyncDispose]: () => close(),
  };
};
