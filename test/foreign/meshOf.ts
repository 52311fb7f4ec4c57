import { createHash } from 'node:crypto';
import type { Overview } from '../../src/db/overview.js';

/** The same UUID for the same name. */
const idOf = (name: string): string =>
  createHash('sha256')
    .update(name)
    .digest('hex')
    .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');

/** A mesh as there might be, and the same each time: most peers open two tunnels, some are lost, a few are looked for in vain. */
export const meshOf = ({
  peers: count,
  coordinators: homes,
  readAt,
}: {
  readonly peers: number;
  readonly coordinators: number;
  readonly readAt: number;
}): Overview => {
  const coordinators = Array.from({ length: homes }, (_, index) => idOf(`coordinator ${index}`));
  const ids = Array.from({ length: count }, (_, index) => idOf(`peer ${index}`));
  const homeOf = (index: number): string => coordinators[(index * 7 + (index % 5)) % homes] ?? '';
  return {
    readAt,
    isPartial: false,
    coordinators: coordinators.map((id, index) => ({ id, heartbeatAt: readAt - 300 - 450 * index, isLive: true })),
    peers: ids.map((id, index) => ({
      id,
      coordinatorId: homeOf(index),
      status: index % 13 === 5 ? 'lost' : 'ok',
      writtenAt: readAt - ((index * 7919) % 5_000_000),
    })),
    tunnels: ids.flatMap((src, index) =>
      [Math.floor(index / 9), (index * 31 + 7) % count].map((other, which) => ({
        src,
        dst: index % 40 === 3 && which === 1 ? idOf(`nobody ${index}`) : (ids[other] ?? src),
        coordinatorId: homeOf(index),
        writtenAt: readAt - ((index * 104_729) % 9_000_000),
      })),
    ),
  };
};
