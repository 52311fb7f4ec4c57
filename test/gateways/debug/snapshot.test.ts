import { expect } from 'chai';
import { Snapshot } from '../../../src/gateways/debug/snapshot.js';
import { first, overview } from './debugFixture.js';

describe('a snapshot', () => {
  it('is one text for all who are slow to read it', () => {
    const peers = Array.from({ length: 5000 }, (_, index) => ({
      ...{ id: `a11cea11-cea1-4cea-91ce-${String(index).padStart(12, '0')}`, coordinatorId: first },
      ...{ status: 'ok' as const, writtenAt: index },
    }));
    const snapshot = new Snapshot(overview({ peers }), first, undefined);
    const size = Buffer.byteLength(snapshot.wholeEvent);
    const before = process.memoryUsage().heapUsed;
    const held = Array.from({ length: 100 }, () => snapshot.wholeEvent);
    // Whoever sends it needs it in one piece.
    for (const text of held) expect(Buffer.byteLength(text)).to.equal(size);
    expect(process.memoryUsage().heapUsed - before).to.be.below(50 * size);
  });
});
