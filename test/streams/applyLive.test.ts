import { expect } from 'chai';
import { asyncScheduler } from 'rxjs';
import { encodeNode, decodeNode } from '../../src/proto/node.js';
import { applyLive } from '../../src/streams/applyLive.js';
import { createTeller } from '../../src/streams/teller.js';
import { View } from '../../src/streams/view.js';
import { aNode, alice, bob, carol, dave, nameOf, north, south, west } from '../../src/testing/index.js';

/** Alice watches carol and dave, bob watches carol; carol is at south, dave at west. */
const watching = (): View => {
  const view = new View(north, ({ node }) => decodeNode(node));
  for (const peerId of [alice, bob]) view.join(peerId);
  view.setNeighbours(alice, new Set([carol, dave]));
  view.setNeighbours(bob, new Set([carol]));
  for (const [peerId, coordinatorId] of [
    [carol, south],
    [dave, west],
  ] as const) {
    const node = encodeNode(aNode({ of: peerId }));
    view.setBindings(peerId, [{ peerId, coordinatorId, updatedAt: 1, status: 'ok', node }]);
  }
  return view;
};

const telling = (view: View) => {
  const posted: string[] = [];
  const post = (peerId: string, { peers }: { readonly peers: Iterable<string> }): void => {
    posted.push(`to ${nameOf(peerId)}: ${[...peers].map(nameOf).sort().join(', ')}`);
  };
  return { posted, teller: createTeller({ view, connections: { post }, scheduler: asyncScheduler }) };
};

describe('applyLive', () => {
  it('tells each connection once, of all the peers for whom it matters', () => {
    const view = watching();
    const { posted, teller } = telling(view);
    applyLive(view, teller, new Set([south, west]));
    expect(posted).to.deep.equal(['to alice: carol, dave', 'to bob: carol']);
    expect(view.sight(alice, dave)).to.have.property('kind', 'node');
  });

  it('tells only those whom it concerns, of a coordinator that went as of one that came', () => {
    const view = watching();
    const { posted, teller } = telling(view);
    applyLive(view, teller, new Set([west]));
    applyLive(view, teller, new Set([south]));
    expect(posted).to.deep.equal(['to alice: dave', 'to alice: carol, dave', 'to bob: carol']);
    expect(view.sight(alice, dave)).to.have.property('kind', 'lost');
  });

  it('tells nobody when nothing changes for anybody', () => {
    const view = watching();
    const { posted, teller } = telling(view);
    applyLive(view, teller, new Set());
    applyLive(view, teller, new Set([north]));
    expect(posted).to.deep.equal([]);
  });
});
