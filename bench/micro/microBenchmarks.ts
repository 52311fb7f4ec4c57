import { coalescing } from './coalescing.js';
import { coding } from './coding.js';
import { comparing } from './comparing.js';
import { conflating } from './conflating.js';
import { hints } from './hints.js';
import { mapping } from './mapping.js';
import type { MicroBenchmarks } from './microBenchmark.js';
import { settingBindings } from './settingBindings.js';
import { unpacking } from './unpacking.js';
import { uuids } from './uuids.js';

/** All of them, on the way of an update: it is heard of, read, decoded, compared, told. */
export const microBenchmarks: MicroBenchmarks = {
  ...hints,
  ...coalescing,
  ...unpacking,
  ...settingBindings,
  ...mapping,
  ...conflating,
  ...coding,
  ...comparing,
  ...uuids,
};
