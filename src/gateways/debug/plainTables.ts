import type { Overview } from '../../db/overview.js';
import type { Uuid } from '../../db/store.js';

/** So many rows of each table: it is for reading, and `tailnet.json` has all. */
const maxRows = 200;

/** All there is, as tables in HTML, for who runs no scripts. Ages are of the moment when it was read. */
export function plainTables({ readAt, isPartial, coordinators, peers, tunnels }: Overview, answeredBy: Uuid): string {
  const age = (at: number): string => `${((readAt - at) / 1000).toFixed(1)} s ago`;
  const isWhole = !isPartial && [coordinators, peers, tunnels].every(({ length }) => length <= maxRows);
  return [
    `<p>As read by ${escaped(answeredBy)} at ${new Date(readAt).toISOString()}, without scripts: load it again to see what has changed.`,
    isWhole ? '</p>' : `There is more, see <a href="tailnet.json">tailnet.json</a>.</p>`,
    tableOf(
      'Coordinators',
      ['coordinator', 'status', 'heartbeat'],
      coordinators.map(({ id, isLive, heartbeatAt }) => [escaped(id), isLive ? 'live' : 'silent', age(heartbeatAt)]),
    ),
    tableOf(
      'Peers',
      ['peer', 'coordinator', 'status', 'last write'],
      peers.map(({ id, coordinatorId, status, writtenAt }) => [
        ...[`<a href="tailnet/peers/${escaped(id)}">${escaped(id)}</a>`, escaped(coordinatorId)],
        ...[status, age(writtenAt)],
      ]),
    ),
    tableOf(
      'Tunnels',
      ['from', 'to', 'coordinator', 'last write'],
      tunnels.map(({ src, dst, coordinatorId, writtenAt }) => [
        ...[src, dst, coordinatorId].map(escaped),
        age(writtenAt),
      ]),
    ),
  ].join('\n');
}

function tableOf(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`;
  return [
    `<table><caption>${title}: ${String(rows.length)}</caption>`,
    `<thead>${line(heads, 'th')}</thead>`,
    `<tbody>${rows
      .slice(0, maxRows)
      .map((cells) => line(cells, 'td'))
      .join('\n')}</tbody></table>`,
  ].join('\n');
}

/** Ids of a store of somebody's own may be any text. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`);
}
