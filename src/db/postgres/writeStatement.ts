import { channels } from '../bus.js';
import { sealed } from './hintSeal.js';
import { microseconds } from './fragments.js';
import type { Statement } from './runStatement.js';

/** How a statement announces what it changes: pieces of its last `SELECT`, made of names in it, never of data. */
export interface Announce {
  /** By whom it is announced. With a comma behind. */
  readonly sender: string;
  /** The rows themselves, by a hint without its time, just before it is announced whose they are. With a comma behind. */
  binding(hint: string, secret: string): string;
  /** The coordinator of the row at hand. */
  coordinator(id: string): string;
  /** The peer of the row at hand. */
  peer(id: string): string;
  /** The rows of `from` (`id` is the peer). */
  peers(from: string): string;
  /** The rows of `from` (`src_id`, `dst_id`). */
  tunnels(from: string): string;
}

/** What is announced on each channel is in a column of its own. */
export const announcedColumns = [
  ['announced_coordinators', channels.heartbeat],
  ['announced_peers', channels.peer],
  ['announced_tunnels', channels.tunnel],
] as const;

const [[coordinators], [peers], [tunnels]] = announcedColumns;
const pair = `src_id::text || ',' || dst_id::text`;

/** PostgreSQL announces it, in the moment in which the change can be read. */
const notify: Announce = {
  sender: 'pg_backend_pid() AS sender,',
  binding: (hint, secret) =>
    `pg_notify('${channels.binding}', (
      SELECT ${sealed(secret, 'timed.hint')} FROM (VALUES (${microseconds('now()')} || ',' || ${hint}::text)) AS timed (hint)
    )) AS announced_binding,`,
  coordinator: (id) => `pg_notify('${channels.heartbeat}', ${id}::text) AS ${coordinators}`,
  peer: (id) => `pg_notify('${channels.peer}', ${id}::text) AS ${peers}`,
  peers: (from) => `(SELECT count(pg_notify('${channels.peer}', id::text)) FROM ${from}) AS ${peers}`,
  tunnels: (from) => `(SELECT count(pg_notify('${channels.tunnel}', ${pair})) FROM ${from}) AS ${tunnels}`,
};

/** The answer holds what is to be announced: payloads with a space between. */
const tell: Announce = {
  sender: '',
  // What may come long after the write, and out of order, must be read to be known.
  binding: () => '',
  coordinator: (id) => `${id}::text AS ${coordinators}`,
  peer: (id) => `${id}::text AS ${peers}`,
  peers: (from) => `(SELECT string_agg(id::text, ' ') FROM ${from}) AS ${peers}`,
  tunnels: (from) => `(SELECT string_agg(${pair}, ' ') FROM ${from}) AS ${tunnels}`,
};

/** A statement that writes, and announces what it changes. */
export interface WriteStatement {
  readonly notifying: Statement;
  /** For whoever announces it by other means, once it has taken effect. */
  readonly telling: Statement;
}

/** @param name see {@link Statement} */
export function writeStatement(name: string | undefined, text: (announce: Announce) => string): WriteStatement {
  return {
    notifying: { ...(name !== undefined && { name }), text: text(notify) },
    telling: { ...(name !== undefined && { name: `${name}_telling` }), text: text(tell) },
  };
}
