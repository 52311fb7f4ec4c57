import type { Observable } from 'rxjs';
import { composeBindingHint } from '../../bindingHint.js';
import { channels } from '../../bus.js';
import type { BindingsWritten, BindingWrite, Uuid, Writer } from '../../store.js';
import { answerOfWrite } from '../answerOfWrite.js';
import type { HintSeal } from '../hintSeal.js';
import { isLeftBehind, judgementOf, microseconds } from '../fragments.js';
import type { RunWrite } from '../runWrite.js';
import { writeStatement, type Announce } from '../writeStatement.js';
import { compareUuids, uuidArray } from '../uuidArray.js';

/** Nodes travel as one `bytea`, one after the other: `pg` writes an array of them as hexadecimal text, twice the size. */
const nodeOf = (nodes: string): string => `substring(${nodes}::bytea FROM item.start FOR item.length)`;

/** What a quiet coordinator writes: it is the one that is waited for, so nothing is unpacked for it. */
const oneNode = writeStatement('tailnet_write_node', (announce) => writeNode(announce, ''));

/** The same, and tells of the row itself. */
const oneNodeTold = writeStatement('tailnet_write_node_told', (announce) =>
  writeNode(announce, announce.binding('$4', '$5')),
);

/** By far the most batches of a busy one hold nodes only. Their rows are locked in the order of the array, which is sorted. */
const manyNodes = writeStatement('tailnet_write_nodes', (announce) => writeNodes(announce, ''));

/** The same, and tells of the rows themselves: they are few. */
const fewNodesTold = writeStatement('tailnet_write_nodes_told', (announce) =>
  writeNodes(announce, announce.binding('$6', '$7')),
);

function writeNode(announce: Announce, binding: string): string {
  return `
    WITH written AS (
      INSERT INTO tailnet_peers (id, coordinator_id, updated_at, node, status)
      VALUES ($2::uuid, $1::uuid, now(), $3::bytea, 'ok')
      ON CONFLICT (id, coordinator_id) DO UPDATE
        SET updated_at = excluded.updated_at, node = excluded.node, status = excluded.status
      RETURNING id
    )
    SELECT ${microseconds('now()')} AS at, ${announce.sender} ${binding} ${announce.peer('id')} FROM written`;
}

function writeNodes(announce: Announce, binding: string): string {
  return `
    WITH written AS (
      INSERT INTO tailnet_peers (id, coordinator_id, updated_at, node, status)
      SELECT item.id, $1::uuid, now(), ${nodeOf('$3')}, 'ok'::tailnet_status
      FROM unnest($2::uuid[], $4::int[], $5::int[]) AS item (id, start, length)
      ON CONFLICT (id, coordinator_id) DO UPDATE
        SET updated_at = excluded.updated_at, node = excluded.node, status = excluded.status
      RETURNING id
    )
    SELECT ${microseconds('now()')} AS at, ${announce.sender} ${binding} ${announce.peers('written')}`;
}

/**
 * The row `peer` is of this coordinator. Of one that is new, statistics know no rows, and PostgreSQL would go through all
 * that it has to find those of a few peers; what is in a CASE, it does not look up.
 */
const isOwn = 'CASE WHEN peer.coordinator_id = $1::uuid THEN true ELSE false END';

/** The row `peer` goes, if its peer says goodbye. */
const goes = `CASE
          WHEN peer.coordinator_id = $1::uuid THEN true
          ELSE ${isLeftBehind('peer', { expiry: '$11::float8', shifts: '$12::jsonb' })}
        END`;

/** The number that a lost peer has among all that are lost. */
const lostNumber = 'array_position($6::uuid[], peer.id)';

/**
 * All kinds. First `held` finds and locks every row that will change, in one order; everything else waits for it, and
 * so no two such statements can wait for each other. What waits finds its rows by itself: a join with `held` would be
 * planned by statistics, and might compare each with each.
 */
const allKinds = writeStatement(
  undefined,
  (announce) => `
    WITH held AS MATERIALIZED (
      SELECT FROM tailnet_peers AS peer
      WHERE peer.id = ANY ($2::uuid[] || $6::uuid[] || $10::uuid[])
        AND (${isOwn} OR peer.id = ANY ($10::uuid[]) AND ${goes})
      ORDER BY peer.id, peer.coordinator_id
      FOR UPDATE OF peer
    ), written AS (
      INSERT INTO tailnet_peers (id, coordinator_id, updated_at, node, status)
      SELECT item.id, $1::uuid, now(), ${nodeOf('$3')}, 'ok'::tailnet_status
      FROM unnest($2::uuid[], $4::int[], $5::int[]) AS item (id, start, length)
      WHERE (SELECT count(*) FROM held) >= 0
      ON CONFLICT (id, coordinator_id) DO UPDATE
        SET updated_at = excluded.updated_at, node = excluded.node, status = excluded.status
      RETURNING id
    ), lost AS (
      UPDATE tailnet_peers AS peer
      SET updated_at = now(), status = 'lost',
        node = substring($7::bytea FROM ($8::int[])[${lostNumber}] FOR ($9::int[])[${lostNumber}])
      WHERE peer.id = ANY ($6::uuid[]) AND ${isOwn} AND (SELECT count(*) FROM held) >= 0
      RETURNING peer.id
    ), gone AS (
      DELETE FROM tailnet_peers AS peer
      WHERE peer.id = ANY ($10::uuid[]) AND ${goes} AND (SELECT count(*) FROM held) >= 0
      RETURNING peer.id
    ), changed AS (
      SELECT id FROM written UNION ALL SELECT id FROM lost UNION SELECT id FROM gone
    )
    SELECT ${microseconds('now()')} AS at, ${announce.sender} ${announce.peers('changed')}`,
);

export function writeBindings(
  run: RunWrite,
  writer: Writer,
  writes: readonly BindingWrite[],
  seal?: Pick<HintSeal, 'isLearnt' | 'hide'>,
): Observable<BindingsWritten> {
  const inDoubt = () => [{ channel: channels.peer, payloads: writes.map(({ peerId }) => peerId) }];
  const disconnected: Uuid[] = [];
  const nodes: NodeWrite[] = [];
  const lost: NodeWrite[] = [];
  for (const write of [...writes].sort((a, b) => compareUuids(a.peerId, b.peerId))) {
    if (write.kind === 'disconnected') disconnected.push(write.peerId);
    else (write.kind === 'node' ? nodes : lost).push(write);
  }
  if (nodes.length === writes.length) {
    const hint = seal?.isLearnt === true ? composeBindingHint(writer.coordinatorId, nodes) : undefined;
    const sealing = hint && seal?.hide(hint.rows);
    const told = hint && sealing ? [`${hint.peers},${sealing.hidden}`, sealing.secret] : [];
    const [only] = nodes;
    const isOne = only !== undefined && nodes.length === 1;
    const values = isOne ? [only.peerId, Buffer.from(only.node)] : columns(nodes);
    const [plain, telling] = isOne ? [oneNode, oneNodeTold] : [manyNodes, fewNodesTold];
    return run(
      sealing === undefined ? plain : telling,
      [writer.coordinatorId, ...values, ...told],
      answerOfWrite,
      inDoubt,
    );
  }
  const values = [...columns(nodes), ...columns(lost), uuidArray(disconnected), ...judgementOf(writer)];
  return run(allKinds, [writer.coordinatorId, ...values], answerOfWrite, inDoubt);
}

type NodeWrite = Exclude<BindingWrite, { kind: 'disconnected' }>;

/** Ids, all nodes in one, and where each begins (counted from 1) and how long it is. */
function columns(writes: readonly NodeWrite[]): [ids: string, nodes: Buffer, starts: string, lengths: string] {
  const starts: number[] = [];
  let end = 0;
  for (const { node } of writes) {
    starts.push(end + 1);
    end += node.byteLength;
  }
  return [
    uuidArray(writes.map(({ peerId }) => peerId)),
    Buffer.concat(writes.map(({ node }) => node)),
    `{${starts.join(',')}}`,
    `{${writes.map(({ node }) => node.byteLength).join(',')}}`,
  ];
}
