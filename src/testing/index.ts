/**
 * What helps to test with coordinators, and the things that coordinators stand on.
 *
 * @packageDocumentation
 */
export { memoryDatabase } from './memoryDatabase.js';
export type { MemoryDatabase } from './memoryDatabase.js';
export type { Backup, Rows } from './memory/rows.js';
export type { CoordinatorRow, TunnelRow } from './memory/tables.js';
export { withFaults } from './faults/withFaults.js';
export type { FaultyDatabase, WireOptions } from './faults/withFaults.js';
export type { Faults, NotificationPredicate, Undo } from './faults/faults.js';
export type { Call, Method } from './faults/call.js';

export { marbles } from './marbles.js';
export type { MarblesBody, MarblesContext, MarblesOptions } from './marbles.js';

export { alice, bob, carol, dave, eve, frank, nameOf } from './cast.js';
export { east, north, south, west } from './cast.js';
export { aNode } from './aNode.js';
export type { NodeOptions } from './aNode.js';
export { describeUpdate, describeUpdates } from './describeUpdates.js';
export { testPeer } from './testPeer.js';
export type { TestPeer, TestPeerOptions } from './testPeer.js';
export type { Sighting, Sightings } from './sightings.js';

export type { TestRunner } from './contracts/testRunner.js';
export { busContract } from './contracts/busContract.js';
export type { BusUnderTest } from './contracts/busContract.js';
export { gatewayContract } from './contracts/gatewayContract.js';
export type { ContractedEvent, GatewayUnderTest } from './contracts/gatewayStage.js';
export { storeContract } from './contracts/storeContract.js';
export type { StoreUnderTest } from './contracts/storeContract.js';
