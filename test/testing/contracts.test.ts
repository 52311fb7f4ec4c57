import { asyncScheduler, type SchedulerLike } from 'rxjs';
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

storeContract('memoryDatabase', () => {
  const scheduler = adjustable();
  const { store, bus } = memoryDatabase({ scheduler });
  return Promise.resolve({
    store,
    bus,
    age: (hours) => scheduler.forward(hours * 3_600_000),
    saysSender: true,
    close: () => undefined,
  });
});

storeContract('memoryDatabase with latencies', () => {
  const scheduler = adjustable();
  const { store, bus } = memoryDatabase({ scheduler, ...latencies });
  return Promise.resolve({
    store,
    bus,
    age: (hours) => scheduler.forward(hours * 3_600_000),
    saysSender: true,
    close: () => undefined,
  });
});

storeContract('a database behind withFaults', () => {
  const scheduler = adjustable();
  const { store, bus } = withFaults(memoryDatabase({ scheduler }));
  return Promise.resolve({
    store,
    bus,
    age: (hours) => scheduler.forward(hours * 3_600_000),
    saysSender: true,
    close: () => undefined,
  });
});

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
