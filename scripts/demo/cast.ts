import type { CoordinatorName } from './mesh.js';

/** The peers of the demo, in the order in which they stand around the mesh. */
export const cast: readonly string[] = [
  ...['alice', 'bob', 'carol', 'dave', 'eve', 'frank'],
  ...['grace', 'heidi', 'ivan', 'judy', 'kim', 'leo'],
];

/** The upper half is at home at north, the lower half at south. */
export const homeOf = (name: string): CoordinatorName => (cast.indexOf(name) < cast.length / 2 ? 'north' : 'south');

/** Each opens a tunnel to its neighbour, and one across. */
export const tunnels: readonly (readonly [string, string])[] = cast.flatMap((name, index) =>
  [1, 5].map((distance) => [name, cast[(index + distance) % cast.length] ?? ''] as const),
);

/** The UUID of a peer: its place in the cast stands at the end. */
export const idOf = (name: string): string => `dea00000-0000-4000-8000-${String(cast.indexOf(name)).padStart(12, '0')}`;

/** The peer with this UUID. */
export const nameOf = (id: string): string => cast[Number(id.slice(-12))] ?? id;
