import { expect } from 'chai';
import { followHint } from '../../src/streams/followHint.js';
import type { Hint } from '../../src/streams/hints.js';
import { alice, bob, nameOf, north } from '../../src/testing/index.js';

const followed = (hint: Hint): string[] => {
  const done: string[] = [];
  followHint(
    {
      querier: {
        refreshBindings: (peerId, sender) =>
          done.push(
            `read the bindings of ${nameOf(peerId)}${sender === undefined ? '' : `, unless ${sender} told of it`}`,
          ) > 0,
        tellHinted: ({ peerIds }, sender) => done.push(`tell of ${peerIds.map(nameOf).join()}, by ${sender}`),
        forgetTold: () => done.push('rely on no hint before'),
        refreshTunnel: (src, dst) => done.push(`read the tunnel ${nameOf(src)}-${nameOf(dst)}`),
      },
      connections: {
        post: (peerId, { peers, ready }) =>
          done.push(
            `tell ${nameOf(peerId)}: changed [${[...peers].map(nameOf).join()}], ready [${[...ready].map(nameOf).join()}]`,
          ),
      },
      leftovers: {
        peerChanged: (peerId) => done.push(`look for leftovers of ${nameOf(peerId)}`),
        lookAgain: () => done.push('look for all leftovers'),
      },
    },
    hint,
  );
  return done;
};

describe('followHint', () => {
  it('has read again what may have changed', () => {
    expect(followed({ kind: 'peer', peerId: alice })).to.deep.equal([
      'read the bindings of alice',
      'look for leftovers of alice',
    ]);
    expect(followed({ kind: 'tunnel', src: alice, dst: bob })).to.deep.equal(['read the tunnel alice-bob']);
  });

  it('tells of rows that a hint holds, and says by whom it is, so that they need not be read', () => {
    const hint = { peerIds: [alice, bob], open: () => undefined };
    expect(followed({ kind: 'binding', hint, sender: 7 })).to.deep.equal(['tell of alice,bob, by 7']);
    expect(followed({ kind: 'peer', peerId: alice, sender: 7 })).to.deep.equal([
      'read the bindings of alice, unless 7 told of it',
      'look for leftovers of alice',
    ]);
  });

  it('tells who is waited for that the other one is ready', () => {
    expect(followed({ kind: 'ready', to: alice, from: bob })).to.deep.equal(['tell alice: changed [], ready [bob]']);
  });

  it('has leftovers looked for after a gap: the hint that they are due may have been missed', () => {
    expect(followed({ kind: 'gap' })).to.deep.equal(['rely on no hint before', 'look for all leftovers']);
  });

  it('leaves heartbeats to others', () => {
    expect(followed({ kind: 'heartbeat', coordinatorId: north })).to.deep.equal([]);
  });
});
