import { cast, homeOf, tunnels } from '../../scripts/demo/cast.js';
import { after, nothingYet, type DemoEvent, type Mesh } from '../../scripts/demo/mesh.js';

/** What there is to see after these events. */
export const meshOf = (...events: readonly DemoEvent[]): Mesh => events.reduce(after, nothingYet);

/** All peers at home, and everybody is told of everybody they share a tunnel with. */
export const wholeMesh: readonly DemoEvent[] = [
  { kind: 'coordinator', name: 'north', state: 'live' },
  { kind: 'coordinator', name: 'south', state: 'live' },
  ...cast.map((name) => ({ kind: 'peer', name, at: homeOf(name) }) as const),
  ...tunnels.flatMap(([one, other]) => [
    { kind: 'told', who: one, of: other, sight: 'node' } as const,
    { kind: 'told', who: other, of: one, sight: 'node' } as const,
  ]),
];

/** North is killed, and those at South have been told. */
export const northKilled: readonly DemoEvent[] = [
  { kind: 'coordinator', name: 'north', state: 'killed' },
  ...cast.filter((name) => homeOf(name) === 'north').map((name) => ({ kind: 'peer', name, at: 'away' }) as const),
  ...tunnels
    .flatMap(([one, other]) => [[one, other] as const, [other, one] as const])
    .filter(([who, of]) => homeOf(who) === 'south' && homeOf(of) === 'north')
    .map(([who, of]) => ({ kind: 'told', who, of, sight: 'lost' }) as const),
];
