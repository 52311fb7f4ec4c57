import { expect } from 'chai';
import { environment } from '../../bench/report/environment.js';
import { judgeSeries } from './judgeSeries.js';
import type { Sample } from './metrics.js';
import { reasonsOf, recoveryLines, recoveryTable, soakPage } from './report.js';
import type { SoakResult } from './soak.js';

const samples: readonly Sample[] = Array.from({ length: 9 }, (_, index) => ({
  ...{ at: index * 10, isCalm: true, missing: [] },
  figures: [{ metric: 'heap', of: 'first', generation: 0, value: 20 + index * 10 }],
}));

const result: SoakResult = {
  ...{ minutes: 2, isInterrupted: false, samples, postgresql: '15.4', failures: ['the <third> coordinator ended'] },
  recoveries: [
    { kind: 'a kill', detail: 'second', at: 10, milliseconds: 1_000 },
    { kind: 'a kill', detail: 'third', at: 20, milliseconds: 4_000 },
    { kind: 'a kill', detail: 'third', at: 30, milliseconds: undefined },
    { kind: 'a freeze', detail: '2000 ms', at: 40, milliseconds: 500 },
  ],
  deeds: new Map([['update', 3]]),
  logged: new Map([['warn: heartbeat failed', 2]]),
};

describe('the report of a soak', () => {
  it('has the median and the worst recovery of each kind of fault, and how often there was none', () => {
    expect(recoveryTable(result.recoveries)).to.deep.equal([
      ['fault', 'times', 'median (s)', 'worst (s)', 'not in time'],
      ['a freeze', '1', '0.50', '0.50', '0'],
      ['a kill', '3', '2.50', '4.00', '1'],
    ]);
  });

  it('says the same in columns on a terminal', () => {
    expect(recoveryLines(result.recoveries).split('\n')).to.deep.equal([
      'fault     times  median (s)  worst (s)  not in time',
      'a freeze  1      0.50        0.50       0',
      'a kill    3      2.50        4.00       1',
    ]);
  });

  it('fails for what went wrong and for what is not flat, and says why', () => {
    expect(reasonsOf(result, judgeSeries(samples))).to.deep.equal([
      'the <third> coordinator ended',
      'not flat: Heap in use after garbage collection, first: 90 MB in the last third, 60 in the second, 67 at most',
    ]);
    expect(reasonsOf({ ...result, failures: [] }, [])).to.deep.equal([]);
  });

  it('is a page with the seed, all faults and charts', () => {
    const html = soakPage(result, judgeSeries(samples), environment('npm run soak -- --seed 7', '15.4'));
    for (const text of [
      'Failed',
      '--seed 7',
      'a kill',
      '2000 ms',
      'the &lt;third&gt; coordinator',
      'heartbeat failed',
    ]) {
      expect(html).to.contain(text);
    }
    expect(html.match(/<svg/g)).to.have.length(8);
  });
});
