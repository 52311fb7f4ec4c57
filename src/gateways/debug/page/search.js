// @ts-check

/**
 * The peers that somebody wants to see. The words of a query must all be there: a part of an id, of a coordinator's, or a
 * status.
 * @param {import('./tailnet.js').Tailnet} tailnet
 * @param {{ query: string, status: string, home: string, order: string }} wanted `home`: empty for everywhere
 * @returns {import('./tailnet.js').Peer[]}
 */
export function chosenPeers({ peers }, { query, status, home, order }) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [...peers.values()].filter(
    (peer) =>
      isOfStatus(peer, status, words) &&
      (home === '' || peer.rows.some((row) => row.coordinatorId === home)) &&
      words.every((word) => isLike(peer, word)),
  );
  if (order === 'written') return found.sort((one, other) => other.writtenAt - one.writtenAt);
  if (order === 'tunnels') return found.sort((one, other) => other.tunnels - one.tunnels);
  return found;
}

/** Who is absent is no peer that is there: it is shown to who asks for it. @param {import('./tailnet.js').Peer} peer @param {string} status @param {string[]} words */
function isOfStatus(peer, status, words) {
  if (status !== 'all') return peer.status === status;
  return peer.status !== 'absent' || words.length > 0;
}

/** @param {import('./tailnet.js').Peer} peer @param {string} word */
function isLike({ id, status, rows }, word) {
  if (word === 'ok' || word === 'lost' || word === 'absent') return status === word;
  return (
    id.includes(word) ||
    id.replaceAll('-', '').includes(word) ||
    rows.some(({ coordinatorId }) => coordinatorId.includes(word))
  );
}
