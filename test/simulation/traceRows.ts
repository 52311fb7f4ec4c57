import { channels } from '../../src/db/bus.js';
import type { MemoryDatabase } from '../../src/testing/index.js';
import { canDecode, derpOf } from './expected.js';
import { coordinatorNameOf, peerNumberOf } from './names.js';

/** Notes what becomes of rows, as it is announced. */
export const traceRows = ({ bus, rows }: MemoryDatabase, note: (text: string) => void): void => {
  bus.listen$(channels.peer).subscribe((event) => {
    if (event.kind === 'gap') return;
    const texts = rows.peers(event.payload).map((row) => {
      const derp = canDecode(row) ? derpOf(row) : '?';
      return `${row.status} at ${coordinatorNameOf(row.coordinatorId)} with derp ${derp}`;
    });
    note(`  the rows of peer ${peerNumberOf(event.payload)}: ${texts.join(', ') || 'none'}`);
  });
  bus.listen$(channels.tunnel).subscribe((event) => {
    if (event.kind === 'gap') return;
    const [src = '', dst = ''] = event.payload.split(',');
    const at = rows
      .tunnels(src)
      .filter((row) => row.dst === dst)
      .map(({ coordinatorId }) => coordinatorNameOf(coordinatorId));
    note(`  the tunnel of peer ${peerNumberOf(src)} to ${peerNumberOf(dst)}: ${at.join(', ') || 'none'}`);
  });
};
