import { responseToJson } from '../proto/json.js';
import { PeerUpdateKind, peerIdOf, updatesResponse } from '../proto/responses.js';
import type { PeerEvent } from './peerEvent.js';

/** A line for people: `<id> NODE (new) derp 3`. */
export function readablePeerLines(event: PeerEvent): string {
  switch (event.kind) {
    case 'connected':
      return `connected to ${event.url} as ${event.id}`;
    case 'update': {
      const { node, kind, reason } = event.update;
      const words = [peerIdOf(event.update), kindName(kind)];
      if (reason !== '') words.push(`(${reason})`);
      if (node !== undefined) words.push(`derp ${node.preferredDerp}`, ...node.addresses);
      return words.join(' ');
    }
    case 'error':
      return `the coordinator says: ${event.error}`;
    case 'closed': {
      const next = event.retryIn === undefined ? '' : `; next try in ${(event.retryIn / 1000).toFixed(1)} s`;
      return `connection closed: ${event.code}${event.reason === '' ? '' : ` ${event.reason}`}${next}`;
    }
  }
}

/**
 * A JSON object: `{"event":"connected","id","url"}`, `{"event":"update","peer","kind","reason","node"}` (the node in
 * proto3 JSON; absent where there is none), `{"event":"error","error"}` or `{"event":"closed","code","reason","retryIn"}`.
 */
export function jsonPeerLines(event: PeerEvent): string {
  if (event.kind !== 'update') {
    const { kind, ...rest } = event;
    return JSON.stringify({ event: kind, ...rest });
  }
  const { kind, reason } = event.update;
  const said = JSON.parse(responseToJson(updatesResponse([event.update]))) as { peerUpdates: { node?: unknown }[] };
  return JSON.stringify({
    event: 'update',
    peer: peerIdOf(event.update),
    kind: kindName(kind),
    reason,
    node: said.peerUpdates[0]?.node,
  });
}

function kindName(kind: PeerUpdateKind): string {
  return Object.entries(PeerUpdateKind).find(([, value]) => value === kind)?.[0] ?? `KIND_${kind}`;
}
