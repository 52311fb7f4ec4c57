import { Subject, takeUntil } from 'rxjs';
import { createCoordinator } from '../../src/index.js';
import { memoryDatabase } from '../../src/testing/index.js';
import type { Stage } from './stage.js';

/** A stage in one process, on a memory database, twenty times as fast: for tests. */
export const hastyStage = (): Stage => {
  const tuning = { heartbeatPeriod: 100, heartbeatTimeout: 75, closeTimeout: 100 };
  const database = memoryDatabase();
  const northsWire = database.connect();
  const coordinators = {
    north: createCoordinator({ database: northsWire, tuning }),
    south: createCoordinator({ database, tuning }),
  };
  const killed$ = new Subject<void>();
  return {
    second: 50,
    connect$: (at, id, requests$) => {
      const responses$ = coordinators[at].coordinate$(id, requests$);
      return at === 'north' ? responses$.pipe(takeUntil(killed$)) : responses$;
    },
    killNorth: () => {
      // First the wire: or it would say that its peers are lost.
      northsWire.faults.goAway();
      killed$.next();
    },
    close: async () => {
      await Promise.all([coordinators.north.close(), coordinators.south.close()]);
    },
  };
};
