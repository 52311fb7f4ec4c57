/**
 * A high-availability coordinator for WireGuard-style mesh networks: peers publish their nodes and declare tunnels, and
 * receive, as a stream of differences, the nodes of all peers they share a tunnel with. Any number of coordinators
 * share one PostgreSQL database. Start with {@link createCoordinator}.
 *
 * @packageDocumentation
 */
export { createCoordinator } from './coordinator.js';
export type { CloseOptions, CoordinateOptions, Coordinator, Health, WatchUpdate } from './api.js';
export type { CoordinatorOptions, Tuning } from './options.js';
export { defaultTuning } from './defaults.js';
export type {
  HeardHint,
  Holdings,
  ObservedCoordinator,
  Query,
  QueryResult,
  RequestResult,
  Telemetry,
  Work,
} from './telemetry.js';
export { silentTelemetry } from './telemetry.js';
export { combineTelemetry } from './combineTelemetry.js';
export { createMultiAgent } from './multiAgent.js';
export type { MultiAgent } from './multiAgent.js';
export { AuthorizationError, agentAuth, clientAuth, observerAuth, peerAuth } from './auth/index.js';
export type { Auth } from './auth/index.js';
export { requests } from './proto/requests.js';
export { PeerUpdateKind, peerIdOf } from './proto/responses.js';
export type {
  CoordinateRequest,
  CoordinateResponse,
  CoordinateResponse_PeerUpdate as PeerUpdate,
  Node,
} from './proto/gen/tailnet.js';

// For those who bring a database, a store or a bus of their own.
export { channels } from './db/bus.js';
export type { Bus, BusEvent, Origin } from './db/bus.js';
export type { Database } from './db/database.js';
export { MigrationError, migrate } from './db/migrate.js';
export type { MigrateOptions, MigrateResult, Queryable } from './db/migrate.js';
export type { Overview, OverviewCoordinator, OverviewPeer, OverviewTunnel, ReadOverview } from './db/overview.js';
export { postgresDatabase } from './db/postgres/postgresDatabase.js';
export type { PostgresDatabaseOptions } from './db/postgres/postgresDatabase.js';
export { postgresOverview } from './db/postgres/postgresOverview.js';
export type { PostgresOverviewOptions } from './db/postgres/postgresOverview.js';
export { StoreError } from './db/store.js';
export type {
  Binding,
  BindingsWritten,
  BindingWrite,
  CoordinatorAge,
  HeartbeatResult,
  Microseconds,
  Neighbours,
  OwnBinding,
  Pair,
  Store,
  StoreErrorReason,
  Tunnel,
  TunnelWrites,
  TunnelsWritten,
  Uuid,
  Writer,
} from './db/store.js';
