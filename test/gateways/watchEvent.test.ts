import { expect } from 'chai';
import { watchEvent } from '../../src/gateways/watchEvent.js';
import { aNode } from '../../src/testing/index.js';

describe('watchEvent', () => {
  it('puts everything on one line of data, whatever a node says', () => {
    const node = aNode({ endpoints: ['a\nevent: closed\r\n\u2028b'] });
    const text = watchEvent({ kind: 'node', node });
    expect(text.split(/\r\n|\r|\n/)).to.have.lengthOf(4);
    const [event, data = '', ...rest] = text.split('\n');
    expect([event, rest]).to.deep.equal(['event: node', ['', '']]);
    expect(JSON.parse(data.slice('data: '.length)))
      .to.have.property('endpoints')
      .deep.equal(node.endpoints);
    expect(watchEvent({ kind: 'closed', reason: 'a\nb "c"' })).to.equal(
      'event: closed\ndata: {"reason":"a\\nb \\"c\\""}\n\n',
    );
  });

  it('says of a node that nobody may change the same, and of others what they have become', () => {
    const node = aNode({ derp: 1 });
    const first = watchEvent({ kind: 'node', node });
    node.preferredDerp = 2;
    expect(watchEvent({ kind: 'node', node })).not.to.equal(first);
    Object.freeze(node);
    const frozen = watchEvent({ kind: 'lost', node });
    expect(frozen).to.match(/^event: lost\n.*"preferredDerp":2/);
    expect(watchEvent({ kind: 'lost', node })).to.equal(frozen);
  });
});
