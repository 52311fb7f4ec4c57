import { expect } from 'chai';
import { PeerUpdateKind, peerIdOf } from '../../src/proto/responses.js';
import { type News, createComposeUpdate } from '../../src/streams/composeUpdate.js';
import { aNode, alice, bob } from '../../src/testing/index.js';
import { heldNode } from './support/heldNode.js';

const isNew: News = { kind: PeerUpdateKind.NODE, reason: 'new' };
const isLost: News = { kind: PeerUpdateKind.LOST, reason: 'lost' };

describe('composeUpdate', () => {
  it('says of a peer what has become of it, with its node', () => {
    const node = heldNode(aNode({ of: bob, derp: 2 }));
    const { update, response } = createComposeUpdate()(bob, isNew, node);
    expect(peerIdOf(update)).to.equal(bob);
    expect(update).to.deep.include({ ...isNew, node: node.decoded });
    expect(response).to.deep.equal({ peerUpdates: [update], error: '' });
    expect(response.peerUpdates[0]).to.equal(update);
  });

  it('says of a peer that has no node any more what has become of it', () => {
    const gone: News = { kind: PeerUpdateKind.DISCONNECTED, reason: 'disconnected' };
    const { update } = createComposeUpdate()(bob, gone, undefined);
    expect(update).to.deep.include({ ...gone, node: undefined });
  });

  it('hands out the same to all who are told the same one after the other', () => {
    const composeUpdate = createComposeUpdate();
    const node = heldNode(aNode({ of: bob }));
    const first = composeUpdate(bob, isNew, node);
    expect(composeUpdate(bob, isNew, node)).to.equal(first);
    expect(composeUpdate(bob, isNew, node)).to.equal(first);
  });

  it('does not hand out one thing for another', () => {
    const [node, equal] = [heldNode(aNode({ of: bob, derp: 1 })), heldNode(aNode({ of: bob, derp: 1 }))];
    const all = [
      [bob, isNew, node],
      [alice, isNew, node],
      [alice, isLost, node],
      [alice, isLost, equal],
      [alice, isLost, undefined],
      [bob, isNew, node],
    ] as const;
    const composeUpdate = createComposeUpdate();
    for (const [peerId, news, held] of all) {
      const { update } = composeUpdate(peerId, news, held);
      expect([peerIdOf(update), update.kind, update.reason]).to.deep.equal([peerId, news.kind, news.reason]);
      expect(update.node).to.equal(held?.decoded);
    }
  });

  it('lets nobody change what others are handed, too', () => {
    const { update, response } = createComposeUpdate()(bob, isNew, heldNode(aNode({ of: bob })));
    for (const part of [update, update.node, response, response.peerUpdates]) {
      expect(Object.isFrozen(part)).to.equal(true);
    }
  });

  it('remembers nothing of another coordinator', () => {
    const node = heldNode(aNode({ of: bob }));
    expect(createComposeUpdate()(bob, isNew, node)).not.to.equal(createComposeUpdate()(bob, isNew, node));
  });
});
