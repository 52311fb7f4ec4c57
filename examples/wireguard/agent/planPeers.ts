import type { Node } from 'tailnet-coordinator/proto';
import type { InterfacePeer } from './interfacePeer.js';
import { meshAddress } from './meshAddress.js';
import { sameSettings, wireguardPeer } from './wireguardPeer.js';
import type { WireGuardPeer } from './wireguardPeer.js';

/** A peer as the client of the coordinator shows it. */
export interface ShownPeer {
  readonly node: Node;
  /** `lost`: whether it is still there is not known, so what works stays. */
  readonly status: 'ok' | 'lost';
  /** Whether it has said that it awaits our handshake. */
  readonly isReadyForHandshake: boolean;
}

/** One change to the peers of a WireGuard interface. */
export type WireGuardChange =
  { readonly kind: 'set'; readonly peer: WireGuardPeer } | { readonly kind: 'remove'; readonly publicKey: string };

/** Who plans. */
export interface OwnSide {
  /** Our UUID. */
  readonly id: string;
  /** In base64. */
  readonly publicKey: string;
}

/** What the plan is made from. Times are in milliseconds since the epoch. */
export interface Situation {
  readonly own: OwnSide;
  /** The peers that the client shows, by UUID. */
  readonly shown: ReadonlyMap<string, ShownPeer>;
  /** Since when each is there without a break; of who is lost it says nothing. */
  readonly since: ReadonlyMap<string, number>;
  /** To whom this agent has opened tunnels: the handshakes with these are for it to begin. */
  readonly dialled: ReadonlySet<string>;
  /** What the interface has. */
  readonly present: readonly InterfacePeer[];
  /** What was last set, by public key. The endpoints in the interface may be others: it follows its peers by itself. */
  readonly settings: ReadonlyMap<string, WireGuardPeer>;
  readonly now: number;
}

/**
 * How long a handshake waits for the other side to be ready, in milliseconds: as long as WireGuard would to repeat it.
 */
export const readyPatience = 5_000;

/**
 * What is to be done so that the interface has the peers it should have.
 *
 * - Who is there is set, and set again when what it publishes has changed. Who was dialled is set without an endpoint
 *   until it awaits our handshake, so that we answer and do not begin: a first handshake that comes too early is
 *   repeated only five seconds later.
 * - Who is lost stays as it is: it is neither removed nor set. The client stops showing it when its time is over.
 * - Whatever else the interface has is removed: peers who have left, and the keys that others had before.
 * - A key and an address are one peer's. They are for us first, then for whom this agent has dialled, then for who came
 *   first; whoever else comes with them is left out.
 *
 * Removals come first, for an address is routed to one peer only.
 */
export const planPeers = (situation: Situation): readonly WireGuardChange[] => {
  const { own, shown, present, settings, dialled } = situation;
  const isPresent = new Set(present.map(({ publicKey }) => publicKey));
  const sets: WireGuardChange[] = [];
  const kept = new Set<string>();
  const taken = new Set([own.publicKey, meshAddress(own.id)]);
  const trustedFirst = [...shown].sort(([one], [other]) => Number(dialled.has(other)) - Number(dialled.has(one)));
  for (const [id, { node, status }] of trustedFirst) {
    const wanted = wireguardPeer(id, node);
    if (wanted === undefined) continue;
    const { publicKey } = wanted;
    const address = meshAddress(id);
    if (taken.has(publicKey) || taken.has(address)) continue;
    taken.add(publicKey).add(address);
    kept.add(publicKey);
    if (status === 'lost') continue;
    const before = isPresent.has(publicKey) ? settings.get(publicKey) : undefined;
    const mayBegin = before?.endpoint !== undefined || mayHandshake(id, situation);
    const peer = mayBegin ? wanted : { ...wanted, endpoint: undefined };
    if (before === undefined || !sameSettings(before, peer)) sets.push({ kind: 'set', peer });
  }
  const removals = [...isPresent]
    .filter((publicKey) => !kept.has(publicKey))
    .map((publicKey): WireGuardChange => ({ kind: 'remove', publicKey }));
  return [...removals, ...sets];
};

const mayHandshake = (id: string, { shown, since, dialled, now }: Situation): boolean =>
  !dialled.has(id) || shown.get(id)?.isReadyForHandshake === true || now - (since.get(id) ?? now) >= readyPatience;

/** Since when each peer is there, after these were shown. */
export const nextSince = (
  since: ReadonlyMap<string, number>,
  shown: ReadonlyMap<string, ShownPeer>,
  now: number,
): ReadonlyMap<string, number> =>
  new Map([...shown].filter(([, { status }]) => status === 'ok').map(([id]) => [id, since.get(id) ?? now]));

/** What was last set, by public key, after these changes. */
export const nextSettings = (
  settings: ReadonlyMap<string, WireGuardPeer>,
  changes: readonly WireGuardChange[],
): ReadonlyMap<string, WireGuardPeer> => {
  const next = new Map(settings);
  for (const change of changes) {
    if (change.kind === 'set') next.set(change.peer.publicKey, change.peer);
    else next.delete(change.publicKey);
  }
  return next;
};
