import { expect } from 'chai';
import { nodeComposer, updateWith } from '../../bench/peers/nodeComposer.js';
import { encodeNode } from '../../src/proto/node.js';
import { requests } from '../../src/proto/requests.js';

describe('the nodes of the benchmark', () => {
  it('are as long as real ones, and have what the definition says', () => {
    const node = nodeComposer()(7, 3);
    expect(encodeNode(node).length).to.be.within(400, 480);
    expect(node.id).to.equal(7n);
    expect(node.preferredDerp).to.equal(3);
    expect(node.key.length).to.equal(32);
    expect(node.disco).to.match(/^discokey:[0-9a-f]{64}$/);
    expect(Object.keys(node.derpLatency)).to.deep.equal(['1-v4', '2-v4', '3-v4']);
    expect(node.addresses).to.have.length(2);
    for (const address of node.addresses) expect(address).to.match(/^[0-9a-f:]+\/128$/);
    expect(node.allowedIps).to.deep.equal(node.addresses);
    expect(node.endpoints).to.have.length(4);
    for (const endpoint of node.endpoints.slice(0, 3)) expect(endpoint).to.match(/^\d+\.\d+\.\d+\.\d+:41641$/);
    expect(node.endpoints.at(-1)).to.match(/^\[[0-9a-f:]+\]:41641$/);
  });

  it('are what the package composes of the same', () => {
    const node = nodeComposer()(7, 3);
    expect(updateWith(node)).to.deep.equal(requests.updateSelf(node));
  });

  it('have other shapes when asked to, down to nothing', () => {
    const { addresses, endpoints, derpLatency } = nodeComposer({ addresses: 0, endpoints: 1, regions: 20 })(1, 1);
    expect([addresses.length, endpoints.length, Object.keys(derpLatency).length]).to.deep.equal([0, 1, 20]);
  });
});
