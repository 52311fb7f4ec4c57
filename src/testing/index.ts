/** What helps to test with coordinators, and things that coordinators stand on: `tailnet-coordinator/testing`. */
export { memoryDatabase, type MemoryDatabase } from './memoryDatabase.js';
export { withFaults, type FaultyDatabase, type WireOptions } from './faults/withFaults.js';
export type { Faults, NotificationPredicate, Undo } from './faults/faults.js';
export type { Call, Method } from './faults/call.js';
export type { Backup, Rows } from './memory/rows.js';
export type { CoordinatorRow, TunnelRow } from './memory/tables.js';
