import { EMPTY, type SchedulerLike } from 'rxjs';
import type { Store } from '../../../src/db/store.js';
import { type StoreCalls, type StoreCallsOptions, createStoreCalls } from '../../../src/streams/storeCalls.js';
import { north } from '../../../src/testing/index.js';
import { logbook } from './logbook.js';

/** The calls of north, with waits of exactly 500, 750, 1125 ms … after failures. */
export const storeCallsOn = (
  store: Store,
  scheduler: SchedulerLike,
  { wake$, ...options }: Partial<StoreCallsOptions> & Pick<Partial<StoreCallsOptions['backoff']>, 'wake$'> = {},
): StoreCalls =>
  createStoreCalls({
    store,
    writer: { coordinatorId: north, expiry: 6000 },
    tuning: { maxBatchSize: 500, maxBatchesInFlight: 2, batchSpacing: 0 },
    turnScheduler: scheduler,
    backoff: { initial: 500, max: 10_000, random: () => 0.5, scheduler, ...(wake$ && { wake$ }) },
    begun$: EMPTY,
    logger: logbook().logger,
    ...options,
  });
