import { expect } from 'chai';
import { aPlan } from './aPlan.js';
import { describeHistory } from './describeHistory.js';

const plan = aPlan({
  ...{ latency: 20, clocks: [0, -5_000] },
  phases: [
    [
      { at: 4, do: 'leave', peer: 1 },
      { at: 5, do: 'publish', peer: 1, times: 1 },
      { at: 1_500, do: 'publish', peer: 1, times: 1 },
    ],
    [{ at: 1, do: 'gap', site: 0 }],
  ],
});

const log = ['      0 phase 1 of 2', '      4 leave peer=1', '      4   the rows of peer 1: none', '4.125 calm'];

describe('the description of a history', () => {
  it('begins with the facts of its plan', () => {
    expect(describeHistory({ plan, log: [], violations: [] })).to.deep.equal([
      'seed          7',
      'peers         3; ended by a coordinator, they stay away',
      'coordinators  c0, c1; started again, they have new ids',
      'clocks        c0 0 ms, c1 -5000 ms',
      'latency       statements and notifications take less than 20 ms',
      'authorisation at once',
      'batch         7 keys in a statement, 7 updates in a response',
      'rolling check every 20 s',
      'peers do      publish 2, leave 1',
      'trouble       gap 1',
      'phase 1       3 steps in 1.5 s, then a calm',
      'phase 2       1 step in 0.0 s, then a calm',
      '',
    ]);
    const quiet = aPlan({ areLoyal: true, reusesIds: true, authTime: 30, phases: [[]] });
    expect(describeHistory({ plan: quiet, log: [], violations: [] })).to.include.members([
      'peers         3; ended by a coordinator, they come back with all they had',
      'coordinators  c0, c1; started again, they have the same ids',
      'clocks        right',
      'latency       none',
      'authorisation takes less than 30 ms',
      'trouble       none',
    ]);
  });

  it('has what did not hold where it was noticed, behind what happened at the same time', () => {
    const violations = [
      { at: 4, invariant: 'newest last', what: 'peer 2' },
      { at: 9, invariant: 'no defect', what: 'Error: one\n    at somewhere' },
    ] as const;
    const lines = describeHistory({ plan, log, violations });
    expect(lines.slice(lines.indexOf('') + 1)).to.deep.equal([
      '        0.0 phase 1 of 2',
      '        4.0 leave peer=1',
      '        4.0   the rows of peer 1: none',
      '!!      4.0 does not hold: newest last: peer 2',
      '        4.1 calm',
      '!!      9.0 does not hold: no defect: Error: one\n                at somewhere',
    ]);
  });
});
