import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { ask } from '../../tools/ask.js';
import { itRefuses } from '../../tools/refusals.js';
import { mutants } from './mutants.js';
import { mutantsCommand } from './mutantsCommand.js';

const tool = () => mutantsCommand(4);

describe('npm run simulate:mutants', () => {
  it('tries all, with two thousand seeds each', async () => {
    expect((await ask(tool(), '')).request).to.deep.equal({ chosen: mutants, seeds: 2_000, jobs: 4 });
  });

  it('tries those that are named, in the order of the list', async () => {
    const [first, second] = mutants;
    const { request } = await ask(tool(), `'${second?.name}' --seeds 3 '${first?.name}'`);
    expect(request).to.deep.equal({ chosen: [first, second], seeds: 3, jobs: 3 });
  });

  it('lists the names that there are', async () => {
    for (const { name } of mutants) {
      expect((await ask(tool(), '--help')).rest).to.contain(`'${name}'`);
      expect((await ask(tool(), 'another')).rest).to.contain(`'${name}'`);
    }
  });

  it('finds what each of them changes, once', () => {
    for (const { name, file, find } of mutants) {
      const text = readFileSync(new URL(`../../../src/${file}`, import.meta.url), 'utf8');
      expect(text.split(find).length - 1, name).to.equal(1);
    }
  });

  itRefuses(tool, [
    ['another', "there is no mutant 'another': those that there are stand below; quote their names"],
    ['--seeds x', "option '--seeds <n>' argument 'x' is invalid. It is a whole number from 1 to 4294967295."],
    ['--jobs', "option '--jobs <n>' argument missing"],
    ['--once', "unknown option '--once'"],
  ]);
});
