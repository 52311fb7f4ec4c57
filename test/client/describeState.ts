import type { ConnectionState, PeerChange, RemotePeer, TailnetState } from '../../src/client/index.js';
import { nameOf } from '../../src/testing/index.js';

/**
 * What a client knows, in words to compare with: `connected; bob derp 2 ready, carol lost; bob node (new)`, which is the
 * connection, the peers, and what has changed.
 */
export const describeState = ({ connection, peers, changes }: TailnetState): string =>
  [inWords(connection), [...peers.values()].map(peerInWords).join(', '), changes.map(changeInWords).join(', ')]
    .join('; ')
    .replace(/(; )+$/, '');

const inWords = (connection: ConnectionState): string => {
  switch (connection.kind) {
    case 'connecting':
    case 'connected':
      return connection.kind;
    case 'waiting':
      return `waiting ${String(connection.retryIn)} after ${endOf(connection)}`;
    case 'closed':
      return `closed ${endOf(connection)}`;
  }
};

const endOf = ({ code, reason }: { readonly code: number; readonly reason: string }): string =>
  `${String(code)} ${reason}`.trim();

const peerInWords = ({ id, node, status, lostSince, isReadyForHandshake }: RemotePeer): string =>
  [
    nameOf(id),
    `derp ${String(node.preferredDerp)}`,
    ...(status === 'lost' ? [`lost since ${String(lostSince)}`] : []),
    ...(isReadyForHandshake ? ['ready'] : []),
  ].join(' ');

const changeInWords = ({ id, kind, reason }: PeerChange): string =>
  `${nameOf(id)} ${kind}${reason === '' ? '' : ` (${reason})`}`;
