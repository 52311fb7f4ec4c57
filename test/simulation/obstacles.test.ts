import { expect } from 'chai';
import { aPlan } from './aPlan.js';
import type { Action } from './plan.js';
import { simulate } from './simulate.js';

/** Acts these out, one each millisecond from 10 ms on, and answers what is noted of each. */
const noted = (...actions: readonly Action[]): readonly string[] => {
  const plan = aPlan({ phases: [actions.map((action, index) => ({ at: 10 + index, ...action }))] });
  const { log } = simulate(plan, { isTracing: true });
  return actions.map((_, index) => log.find((line) => line.startsWith(`     ${10 + index} `)) ?? '');
};

const connect = { do: 'connect', peer: 0, to: 0, node: 'none', tunnels: [] } as const;
const outrun = { do: 'outrun', peer: 0, after: 1, trouble: 'late', for: 1 } as const;
const flap = { do: 'flap', peer: 0, times: 3, every: 0, by: 5, for: 9 } as const;
const bounce = { do: 'bounce', peer: 0, within: 1, trouble: 'none', where: 'to', for: 1 } as const;

describe('a step that cannot be done', () => {
  const cases: readonly (readonly [obstacle: string, ...actions: readonly Action[]])[] = [
    ['c0 is down', { do: 'kill', site: 0, downFor: 1_000 }, connect],
    ['c0 is down', { do: 'kill', site: 0, downFor: 1_000 }, { do: 'gap', site: 0 }],
    ['c0 is down', { do: 'kill', site: 0, downFor: 1_000 }, { do: 'cut', site: 0, what: 'both', for: 1 }],
    ['c0 is paused', { do: 'pause', site: 0, for: 1_000, first: 'inputs' }, { do: 'close', site: 0, downFor: 1 }],
    ['peer 0 is not connected', { do: 'publish', peer: 0, times: 1 }],
    ['peer 0 is not connected', { do: 'hop', peer: 0, to: 1 }],
    ['peer 0 is not connected', { ...bounce, to: 1 }],
    ['it is at c0 already', connect, { ...bounce, to: 0 }],
    ['peer 0 is not connected', { ...outrun, to: 1 }],
    ['it is at c0 already', connect, { ...outrun, to: 0 }],
    [
      'c0 is paused',
      { do: 'pause', site: 0, for: 9, first: 'timers' },
      { do: 'close hastily', site: 0, fails: 1, downFor: 1 },
    ],
    ['it has published nothing', connect, { do: 'refresh', peer: 0 }],
    ['no tunnel leads to oneself', connect, { do: 'open', peer: 0, other: 0 }],
    ['no tunnel leads to oneself', connect, { ...flap, other: 0 }],
    ['peer 0 is not connected', { ...flap, other: 1 }],
    ['it has no tunnel', connect, { do: 'shut', peer: 0, which: 3 }],
    ['peer 1 is not connected', connect, { do: 'hand over', peer: 0, which: 3, to: 1 }],
    ['it has no tunnel', connect, { do: 'hand over', peer: 0, which: 3, to: 0 }],
    ['it sees nobody', connect, { do: 'acknowledge', peer: 0 }],
    ['every broken connection is known', { do: 'notice' }],
    ['no live coordinator has a row of it', { do: 'poison', peer: 0 }],
    ['there is no backup', { do: 'restore' }],
  ];
  for (const [obstacle, ...actions] of cases) {
    it(`is marked, with the reason: ${obstacle} (${actions.at(-1)?.do})`, () => {
      const lines = noted(...actions);
      expect(lines.at(-1)).to.match(new RegExp(` \\(left out: ${obstacle}\\)$`));
      for (const line of lines.slice(0, -1)) expect(line).not.to.contain('left out');
    });
  }

  it('is none of those that can be', () => {
    const lines = noted(
      ...[connect, { do: 'publish', peer: 0, times: 1 } as const, { do: 'open', peer: 0, other: 1 } as const],
      ...[{ do: 'shut', peer: 0, which: 0 } as const, { do: 'vanish', peer: 0 } as const, { do: 'notice' } as const],
      ...[{ do: 'back up' } as const, { do: 'restore' } as const, connect, { ...bounce, to: 1 }],
      ...[connect, { ...flap, other: 1 }, { ...outrun, to: 1 }],
    );
    expect(lines.filter((line) => line === '' || line.includes('left out'))).to.deep.equal([]);
  });
});
