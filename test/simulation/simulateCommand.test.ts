import { expect } from 'chai';
import { ask } from '../tools/ask.js';
import { itRefuses } from '../tools/refusals.js';
import { simulateCommand } from './simulateCommand.js';

const tool = () => simulateCommand(4);

const requestOf = async (line: string) => (await ask(tool(), line)).request;

describe('npm run simulate', () => {
  it('runs a thousand seeds, or the one that is given, on all processors', async () => {
    const rest = { kind: 'seeds', isOnce: false };
    expect(await requestOf('')).to.deep.equal({ first: 1, seeds: 1000, jobs: 4, ...rest });
    expect(await requestOf('--seed 9')).to.deep.equal({ first: 9, seeds: 1, jobs: 1, ...rest });
    expect(await requestOf('--seed 9 --seeds 20 --jobs 3 --once')).to.deep.equal({
      ...{ kind: 'seeds', first: 9, seeds: 20, jobs: 3, isOnce: true },
    });
    expect(await requestOf('--seed 4294967295')).to.include({ first: 4_294_967_295 });
  });

  it('prints all that happens with a seed, or in a plan', async () => {
    expect(await requestOf('--seed 9 --trace')).to.deep.equal({ kind: 'trace', seed: 9 });
    expect(await requestOf('--plan a.json')).to.deep.equal({ kind: 'plan', file: 'a.json', isTracing: false });
    expect(await requestOf('--trace --plan a.json')).to.deep.equal({ kind: 'plan', file: 'a.json', isTracing: true });
  });

  itRefuses(tool, [
    ['--seeds many', "option '--seeds <n>' argument 'many' is invalid. It is a whole number from 1 to 4294967295."],
    ['--seeds 0', "option '--seeds <n>' argument '0' is invalid. It is a whole number from 1 to 4294967295."],
    [
      '--seed 4294967296',
      "option '--seed <n>' argument '4294967296' is invalid. It is a whole number from 0 to 4294967295.",
    ],
    ['--seed 1.5', "option '--seed <n>' argument '1.5' is invalid. It is a whole number from 0 to 4294967295."],
    ['--seed -1', "option '--seed <n>' argument '-1' is invalid. It is a whole number from 0 to 4294967295."],
    ['--jobs 0', "option '--jobs <n>' argument '0' is invalid. It is a whole number from 1 to 1000."],
    ['--seed', "option '--seed <n>' argument missing"],
    ['--sed 1', "unknown option '--sed' (Did you mean --seed?)"],
    ['7', "unexpected argument '7': options come after a --, as in npm run simulate -- --help"],
    ['--trace', "option '--trace' is for one simulation: give --seed and no --seeds, or --plan"],
    ['--seed 4294967295 --seeds 2', 'from seed 4294967295 on there are no 2 seeds: the largest is 4294967295'],
    ['--plan a.json --seed 1', "option '--plan <file>' cannot be used with option '--seed <n>'"],
  ]);
});
