import { expect } from 'chai';
import { decodeNode, encodeNode } from '../../src/proto/node.js';
import { PeerUpdateKind } from '../../src/proto/responses.js';
import { isUuid, uuidToBytes } from '../../src/proto/uuid.js';
import * as testing from '../../src/testing/index.js';

const { aNode, alice, bob, carol, dave, describeUpdates, east, eve, frank, nameOf, north, south, west } = testing;
const everybody = { alice, bob, carol, dave, eve, frank, north, south, east, west };

describe('the cast', () => {
  it('has ids that are UUIDs, all different, and names to them', () => {
    const ids = Object.values(everybody);
    expect(ids.every(isUuid)).to.equal(true);
    expect(new Set(ids).size).to.equal(ids.length);
    expect(ids.map(nameOf)).to.deep.equal(Object.keys(everybody));
  });

  it('calls strangers by their first digits', () => {
    expect(nameOf('01234567-89ab-4def-8000-000000000000')).to.equal('01234567');
  });

  it('has valid nodes, whose keys tell peers apart', () => {
    const node = aNode({ derp: 3, of: bob, endpoints: ['192.0.2.1:41641'] });
    expect(node.key).to.have.lengthOf(34);
    expect(Buffer.from(node.key.subarray(0, 2)).toString()).to.equal('np');
    expect(node.disco).to.match(/^discokey:[0-9a-f]{64}$/);
    expect(node).to.deep.include({ preferredDerp: 3, endpoints: ['192.0.2.1:41641'] });
    expect(decodeNode(encodeNode(node))).to.deep.equal(node);
    expect(aNode({ of: bob })).to.deep.equal(aNode({ of: bob }));
    expect(aNode({ of: bob }).key).not.to.deep.equal(aNode().key);
  });

  it('has its doings told in words', () => {
    const id = uuidToBytes;
    const response = {
      peerUpdates: [
        { id: id(bob), node: aNode({ derp: 2 }), kind: PeerUpdateKind.NODE, reason: 'new' },
        { id: id(carol), node: aNode({ derp: 3 }), kind: PeerUpdateKind.LOST, reason: 'lost' },
        { id: id(dave), node: undefined, kind: PeerUpdateKind.DISCONNECTED, reason: 'disconnected' },
        { id: id(eve), node: undefined, kind: PeerUpdateKind.READY_FOR_HANDSHAKE, reason: '' },
      ],
      error: 'coordinator closed',
    };
    expect(describeUpdates(response)).to.deep.equal([
      'bob NODE derp 2 (new)',
      'carol LOST derp 3 (lost)',
      'dave DISCONNECTED (disconnected)',
      'eve READY_FOR_HANDSHAKE',
      'error: coordinator closed',
    ]);
  });
});
