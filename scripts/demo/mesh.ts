/** The coordinators of the demo. */
export type CoordinatorName = 'north' | 'south';

/** All there is to see of the demo. */
export interface Mesh {
  /** What happens now, in a sentence or two. */
  readonly caption: string;
  readonly coordinators: Readonly<Record<CoordinatorName, 'starting' | 'live' | 'killed'>>;
  /** Where each peer is connected; `away`: nowhere any more. A peer that has never connected is not there. */
  readonly peers: ReadonlyMap<string, CoordinatorName | 'away'>;
  /** What peers were told last of others, by `sightKey`. */
  readonly sights: ReadonlyMap<string, 'node' | 'lost'>;
}

export const nothingYet: Mesh = {
  caption: '',
  coordinators: { north: 'starting', south: 'starting' },
  peers: new Map(),
  sights: new Map(),
};

export type DemoEvent =
  | { readonly kind: 'caption'; readonly text: string }
  | { readonly kind: 'coordinator'; readonly name: CoordinatorName; readonly state: 'live' | 'killed' }
  /** A peer connects, or its connection has ended. */
  | { readonly kind: 'peer'; readonly name: string; readonly at: CoordinatorName | 'away' }
  /** A peer is told of another one. */
  | {
      readonly kind: 'told';
      readonly who: string;
      readonly of: string;
      readonly sight: 'node' | 'lost' | 'disconnected';
    };

export const sightKey = (who: string, of: string): string => `${who} ${of}`;

/** What there is to see after an event. */
export const after = (mesh: Mesh, event: DemoEvent): Mesh => {
  switch (event.kind) {
    case 'caption':
      return { ...mesh, caption: event.text };
    case 'coordinator':
      return { ...mesh, coordinators: { ...mesh.coordinators, [event.name]: event.state } };
    case 'peer':
      return { ...mesh, peers: new Map(mesh.peers).set(event.name, event.at) };
    case 'told': {
      const sights = new Map(mesh.sights);
      const key = sightKey(event.who, event.of);
      if (event.sight === 'disconnected') sights.delete(key);
      else sights.set(key, event.sight);
      return { ...mesh, sights };
    }
  }
};

/** How many sights there are of this kind. */
export const countSights = ({ sights }: Mesh, kind: 'node' | 'lost'): number =>
  [...sights.values()].filter((sight) => sight === kind).length;
