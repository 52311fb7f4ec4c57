import { setTimeout as delay } from 'node:timers/promises';

/** A pause that the definition of a workload prescribes. */
export const pause = (seconds: number): Promise<void> => delay(seconds * 1000);
