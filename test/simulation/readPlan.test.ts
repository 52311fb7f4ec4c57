import { expect } from 'chai';
import { UsageError } from '../../src/cli/usageError.js';
import { aPlan } from './aPlan.js';
import { draftPlan } from './draftPlan.js';
import { readPlan } from './readPlan.js';

const plan = aPlan({
  ...{ peers: 2, clocks: [0, -5_000] },
  phases: [
    [
      { at: 1, do: 'connect', peer: 0, to: 1, node: 'new', tunnels: [1] },
      { at: 1, do: 'cut', site: 'all', what: 'both', for: 3_000 },
    ],
    [],
  ],
});

const [connect, cut] = plan.phases[0] ?? [];

/** The same with something else in the first phase. */
const withSteps = (...steps: readonly unknown[]) => ({ ...plan, phases: [steps] });

describe('a plan in JSON', () => {
  it('is read as it was written, whatever happens in it', () => {
    for (const written of [plan, ...Array.from({ length: 200 }, (_, seed) => draftPlan(seed))]) {
      expect(readPlan(JSON.stringify(written))).to.deep.equal(written);
    }
  });

  const { batch: _batch, ...withoutBatch } = plan;
  const refused: readonly (readonly [value: unknown, why: string | RegExp])[] = [
    [3, 'a plan must be an object; got 3'],
    [withoutBatch, 'batch is missing: it must be a whole number from 1 to 10000'],
    [{ ...plan, batch: 1.5 }, 'batch must be a whole number from 1 to 10000; got 1.5'],
    [{ ...plan, batch: '7' }, 'batch must be a whole number from 1 to 10000; got "7"'],
    [{ ...plan, peers: 0 }, 'peers must be a whole number from 1 to 1000; got 0'],
    [{ ...plan, seed: 2 ** 32 }, 'seed must be a whole number from 0 to 4294967295; got 4294967296'],
    [{ ...plan, areLoyal: 'yes' }, 'areLoyal must be true or false; got "yes"'],
    [{ ...plan, clocks: [0] }, 'clocks must be as many as coordinators, which are 2; got 1'],
    [
      { ...plan, clocks: 0 },
      /^clocks must be a list of which each is a whole number from -86400000 to 86400000; got 0$/,
    ],
    [{ ...plan, speed: 1 }, /^speed is unknown: a plan has seed, peers, .*, phases$/],
    [{ ...plan, phases: {} }, 'phases must be a list; got {}'],
    [{ ...plan, phases: [3] }, 'phases[0] must be a list; got 3'],
    [withSteps(null), 'phases[0][0] must be an object; got null'],
    [withSteps({ at: 1 }), /^phases\[0\]\[0\]\.do must be one of connect, publish, .*, clean; got nothing$/],
    [withSteps({ at: 1, do: 'toString' }), /^phases\[0\]\[0\]\.do must be one of .*; got "toString"$/],
    [withSteps({ ...connect, peer: 2 }), 'phases[0][0].peer must be a whole number from 0 to 1; got 2'],
    [withSteps({ ...connect, to: 2 }), 'phases[0][0].to must be a whole number from 0 to 1; got 2'],
    [withSteps({ ...connect, node: 'old' }), 'phases[0][0].node must be one of "none", "same", "new"; got "old"'],
    [
      withSteps({ ...connect, tunnels: [2] }),
      /^phases\[0\]\[0\]\.tunnels must be a list of which each is a whole number/,
    ],
    [
      withSteps(connect, { ...cut, site: 'some' }),
      /^phases\[0\]\[1\]\.site must be a whole .*, or one of "all"; got "some"$/,
    ],
    [withSteps({ ...cut, for: -1 }), 'phases[0][0].for must be a whole number from 0 to 86400000; got -1'],
    [withSteps({ ...cut, by: 1 }), 'phases[0][0].by is unknown: "cut" has at, do, site, what, for'],
    [
      withSteps({ ...connect, at: 5 }, cut),
      'phases[0][1].at must not be less than that of the step before, which is 5; got 1',
    ],
  ];
  for (const [value, why] of refused) {
    it(`is refused in one line: ${String(why)}`, () => {
      expect(() => readPlan(JSON.stringify(value)))
        .to.throw(UsageError, why)
        .with.property('message')
        .that.does.not.include('\n');
    });
  }

  it('is refused when it is none', () => {
    expect(() => readPlan('{')).to.throw(UsageError, /^it is no JSON: /);
  });
});
