import { expect } from 'chai';
import { compression } from '../../bench/compression/compression.js';
import { defaultShape } from '../../bench/peers/nodeComposer.js';

describe('the measurement of compression', () => {
  it('measures every way, and what it saves', async () => {
    const metrics = await compression.run({
      ...{ numbers: { connections: 20 }, texts: {}, flags: [], shape: defaultShape, command: '' },
      progress: () => undefined,
      show: () => undefined,
    });
    expect(metrics['rss_per_connection_bytes']).to.have.all.keys('none', 'shared_context', 'per_message');
    for (const format of ['json', 'protobuf']) {
      const { plain_bytes, per_message_bytes } = metrics[format] as Record<string, number>;
      expect(per_message_bytes).to.be.above(0).and.below(plain_bytes!);
    }
  });
});
