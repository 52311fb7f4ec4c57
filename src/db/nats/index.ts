/**
 * NATS as the bus between coordinators, instead of LISTEN and NOTIFY of PostgreSQL.
 *
 * @packageDocumentation
 */
export { natsBus } from './natsBus.js';
export type { NatsBusOptions, NatsTls } from './natsBus.js';
