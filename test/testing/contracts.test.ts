import { asyncScheduler, type SchedulerLike } from 'rxjs';
import type { Database } from '../../src/db/database.js';
import { withFaults, memoryDatabase } from '../../src/testing/index.js';
import { busContract } from '../../src/testing/contracts/busContract.js';
import { storeContract } from '../../src/testing/contracts/storeContract.js';

/** A scheduler whose clock can be moved on. */
const adjustable = (): SchedulerLike & { forward(milliseconds: number): void } => {
  let ahead = 0;
  return {
    now: () => asyncScheduler.now() + ahead,
    schedule: asyncScheduler.schedule.bind(asyncScheduler),
    forward: (milliseconds) => {
      ahead += milliseconds;
    },
  };
};

const latencies = { latency: 2, busLatency: 3 };

/** A database whose clock can be moved on. */
const aging = (open: (scheduler: ReturnType<typeof adjustable>) => Database) => () => {
  const scheduler = adjustable();
  const { store, bus } = open(scheduler);
  const age = (hours: number) => scheduler.forward(hours * 3_600_000);
  return Promise.resolve({ store, bus, age, saysSender: true, close: () => undefined });
};

storeContract(
  'memoryDatabase',
  aging((scheduler) => memoryDatabase({ scheduler })),
);
storeContract(
  'memoryDatabase with latencies',
  aging((scheduler) => memoryDatabase({ scheduler, ...latencies })),
);
storeContract(
  'a database behind withFaults',
  aging((scheduler) => withFaults(memoryDatabase({ scheduler }))),
);

busContract('memoryDatabase', () => {
  const database = memoryDatabase();
  return Promise.resolve({
    bus: database.bus,
    other: database.connect().bus,
    interrupt: () => {
      database.faults.goAway();
      database.faults.comeBack();
      return Promise.resolve();
    },
    close: () => undefined,
  });
});

busContract('memoryDatabase with latencies', () => {
  const { bus, connect } = memoryDatabase({ latency: 2 });
  return Promise.resolve({ bus, other: connect(latencies).bus, close: () => undefined });
});
