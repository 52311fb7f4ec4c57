/** A machine of the demo. */
export interface Host {
  readonly name: 'alice' | 'bob' | 'carol';
  /** Its agent's UUID. */
  readonly id: string;
  /** Where it is in the network below the mesh. */
  readonly address: string;
  /** To whom its agent opens tunnels. */
  readonly tunnels: readonly string[];
  /** The coordinators it knows, the one that it prefers first. */
  readonly prefers: readonly CoordinatorName[];
}

export type CoordinatorName = 'north' | 'south';

/** Their last 80 bits, which make their addresses, differ. */
const alice = 'a11ce000-0000-4000-8000-00000000000a';
const bob = 'b0b00000-0000-4000-8000-00000000000b';
const carol = 'ca401000-0000-4000-8000-00000000000c';

/** The addresses are those that RFC 5737 keeps free for examples. Nothing of this is visible outside of the demo. */
export const hosts: readonly Host[] = [
  { name: 'alice', id: alice, address: '192.0.2.1', tunnels: [bob, carol], prefers: ['north', 'south'] },
  { name: 'bob', id: bob, address: '192.0.2.2', tunnels: [carol], prefers: ['south', 'north'] },
  { name: 'carol', id: carol, address: '192.0.2.3', tunnels: [], prefers: ['north', 'south'] },
];

/** Where Carol moves to. */
export const newAddress = '192.0.2.33';

/** Where the coordinators are. */
export const coordinators: Readonly<Record<CoordinatorName, string>> = { north: '192.0.2.101', south: '192.0.2.102' };

/** The port of the coordinators. */
export const coordinatorPort = 7350;

/** The UDP port of every WireGuard. */
export const wireguardPort = 41641;

/** Who pings whom. Carol only answers: so nobody learns from her own packets where she has moved. */
export const pingPairs = [
  ['alice', 'bob'],
  ['alice', 'carol'],
  ['bob', 'carol'],
] as const;

/** The host of this name. */
export const hostNamed = (name: string): Host => {
  const host = hosts.find((one) => one.name === name);
  if (host === undefined) throw new TypeError(`no such host: ${name}`);
  return host;
};

/** The name of the host with this UUID; the UUID itself for strangers. */
export const nameOf = (id: string): string => hosts.find((host) => host.id === id)?.name ?? id;
