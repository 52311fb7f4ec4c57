import { expect } from 'chai';
import { type PeersDraft, foldUpdate } from '../../src/client/foldUpdate.js';
import { PeerUpdateKind } from '../../src/proto/responses.js';
import { bob } from '../../src/testing/index.js';
import { update } from './scriptedTransport.js';

describe('foldUpdate', () => {
  let draft: PeersDraft;
  beforeEach(() => {
    draft = { peers: new Map(), readyEarly: new Set() };
  });
  const fold = (...given: Parameters<typeof update>) => foldUpdate(draft, update(...given), 5);

  it('keeps the first time at which a peer was lost', () => {
    fold(bob, 'NODE', 2);
    fold(bob, 'LOST', 2);
    expect(foldUpdate(draft, update(bob, 'LOST', 2), 9)).to.equal(undefined);
    expect(draft.peers.get(bob)?.lostSince).to.equal(5);
  });

  it('keeps the node that a peer had when it is lost, whatever comes with that', () => {
    fold(bob, 'NODE', 2);
    fold(bob, 'LOST', 3);
    expect(draft.peers.get(bob)).to.deep.include({ status: 'lost' }).and.have.nested.property('node.preferredDerp', 2);
  });

  it('tells once that a peer is ready', () => {
    fold(bob, 'NODE', 2);
    expect(fold(bob, 'READY_FOR_HANDSHAKE')).to.include({ kind: 'readyForHandshake' });
    expect(fold(bob, 'READY_FOR_HANDSHAKE')).to.equal(undefined);
  });

  it('forgets with a peer that it was ready, also where its node never came', () => {
    fold(bob, 'READY_FOR_HANDSHAKE');
    fold(bob, 'DISCONNECTED');
    expect(draft.readyEarly.size).to.equal(0);
    expect(fold(bob, 'NODE', 2)?.peer.isReadyForHandshake).to.equal(false);
  });

  it('leaves what it does not know, and a node without a node', () => {
    expect(fold(bob, 'LOST', 2)).to.equal(undefined);
    expect(fold(bob, 'DISCONNECTED')).to.equal(undefined);
    expect(fold(bob, 'NODE')).to.equal(undefined);
    expect(foldUpdate(draft, { ...update(bob, 'NODE', 2), kind: PeerUpdateKind.UNRECOGNIZED }, 5)).to.equal(undefined);
    expect(draft.peers.size).to.equal(0);
  });

  it('throws for somebody without an id', () => {
    const nobody = { ...update(bob, 'NODE', 2), id: new Uint8Array(3) };
    expect(() => foldUpdate(draft, nobody, 5)).to.throw(RangeError, 'a UUID has 16 bytes, got 3');
  });
});
