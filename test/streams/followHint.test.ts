import { expect } from 'chai';
import { followHint } from '../../src/streams/followHint.js';
import type { Hint } from '../../src/streams/hints.js';
import { alice, bob, nameOf, north } from '../../src/testing/index.js';

const followed = (hint: Hint): string[] => {
  const done: string[] = [];
  followHint(
    {
      querier: {
        refreshBindings: (peerId) => done.push(`read the bindings of ${nameOf(peerId)}`) > 0,
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

  it('tells who is waited for that the other one is ready', () => {
    expect(followed({ kind: 'ready', to: alice, from: bob })).to.deep.equal(['tell alice: changed [], ready [bob]']);
  });

  it('has leftovers looked for after a gap: the hint that they are due may have been missed', () => {
    expect(followed({ kind: 'gap' })).to.deep.equal(['look for all leftovers']);
  });

  it('leaves heartbeats to others', () => {
    expect(followed({ kind: 'heartbeat', coordinatorId: north })).to.deep.equal([]);
  });
});
