import { expect } from 'chai';
import { classesIn, largestGrowth } from '../../bench/measure/heapClasses.js';

describe('what grew between two snapshots of the heap', () => {
  const snapshot = {
    snapshot: {
      meta: {
        node_fields: ['type', 'name', 'id', 'self_size'],
        node_types: [['hidden', 'object', 'closure'], 'string', 'number', 'number'],
      },
    },
    nodes: [1, 0, 1, 24, 1, 1, 3, 100, 1, 0, 5, 16, 2, 2, 7, 64],
    strings: ['Peer', 'Map', 'next'],
  };

  it('is counted by class, and by kind what is of none', () => {
    expect([...classesIn(snapshot)]).to.deep.equal([
      ['Peer', { count: 2, bytes: 40 }],
      ['Map', { count: 1, bytes: 100 }],
      ['(closure)', { count: 1, bytes: 64 }],
    ]);
  });

  it('is listed by bytes, without what became less', () => {
    const before = new Map([
      ['Peer', { count: 1, bytes: 30 }],
      ['Map', { count: 3, bytes: 300 }],
    ]);
    expect(largestGrowth(before, classesIn(snapshot), 2)).to.deep.equal([
      { name: '(closure)', count: 1, bytes: 64 },
      { name: 'Peer', count: 1, bytes: 10 },
    ]);
  });
});
