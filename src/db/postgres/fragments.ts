import type { Writer } from '../store.js';

// Pieces of SQL that several statements share. They are constants or are made of names in the statement, never of data.

/** A timestamp as microseconds since the epoch; no double, whose text some sessions shorten (`extra_float_digits`). */
export const microseconds = (timestamp: string): string => `round(extract(epoch from ${timestamp}) * 1000000)::bigint`;

/** How a statement judges whether coordinators are silent: its parameters. */
export interface Judgement {
  /** Milliseconds without a heartbeat. */
  readonly expiry: string;
  /** Who writes times that are off, and by how many milliseconds: a `jsonb` object. */
  readonly shifts: string;
}

/** The coordinator of the row `coordinator` was heard of lately. */
const isBeating = (coordinator: string, { expiry, shifts }: Judgement): string => `(
      ${coordinator}.heartbeat_at + coalesce((${shifts} ->> ${coordinator}.id::text)::float8, 0) * interval '1 millisecond'
        > now() - ${expiry} * interval '1 millisecond'
    )`;

/** The values of a {@link Judgement}, in this order. */
export const judgementOf = ({ expiry, shifts }: Writer): readonly [expiry: number, shifts: string] => [
  expiry,
  JSON.stringify(Object.fromEntries(shifts ?? [])),
];

/**
 * The row `peer` stands for nobody who is connected: it is lost, or its coordinator has gone silent. A subquery instead
 * of a join, because rows of `tailnet_peers` are to be found by the peer, never by the coordinator.
 */
export const isLeftBehind = (peer: string, judgement: Judgement): string => `(
      ${peer}.status = 'lost' OR NOT (
        SELECT ${isBeating('home', judgement)} FROM tailnet_coordinators AS home WHERE home.id = ${peer}.coordinator_id
      )
    )`;

/**
 * The source of the row `tunnel` is live where that row was written: its binding is ok, its coordinator not silent. A
 * value instead of an EXISTS, which PostgreSQL may answer by reading all peers first; and in a CASE, because rows of
 * `tailnet_peers` are to be found by the peer, never by the coordinator.
 */
export const sourceIsLive = (tunnel: string, judgement: Judgement): string => `coalesce((
      SELECT source.status = 'ok' AND (
        SELECT ${isBeating('home', judgement)} FROM tailnet_coordinators AS home WHERE home.id = ${tunnel}.coordinator_id
      )
      FROM tailnet_peers AS source
      WHERE source.id = ${tunnel}.src_id
        AND CASE WHEN source.coordinator_id = ${tunnel}.coordinator_id THEN true ELSE false END
    ), false)`;

/**
 * Joins, as `hit`, the one tunnel with this primary key. At a hub with thousands of tunnels it matters that only the
 * primary key is used: the planner, which thinks in averages, likes to read all tunnels of the source (or of the
 * destination) and to filter them. So this takes the first key from the wanted one on, by comparisons that the other
 * indexes, which are hashes, cannot serve, and then looks whether it is the wanted one. On its way it goes through what
 * somebody is just writing and nobody can see yet: of this source only, with which it ends.
 */
export const joinTunnelByKey = (columns: string, coordinator: string, src: string, dst: string): string => `
      JOIN LATERAL (
        SELECT ${columns}, tunnel.dst_id = ${dst} AS is_wanted
        FROM tailnet_tunnels AS tunnel
        WHERE tunnel.coordinator_id = ${coordinator}
          AND tunnel.src_id >= ${src} AND tunnel.src_id <= ${src} AND tunnel.dst_id >= ${dst}
        ORDER BY tunnel.src_id, tunnel.dst_id
        LIMIT 1
      ) AS hit ON hit.is_wanted`;
