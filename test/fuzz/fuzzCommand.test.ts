import { expect } from 'chai';
import { ask } from '../tools/ask.js';
import { itRefuses } from '../tools/refusals.js';
import { fuzzCommand } from './fuzzCommand.js';

const tool = () => fuzzCommand(42);

const requestOf = async (line: string) => (await ask(tool(), line)).request;

describe('npm run fuzz', () => {
  it('goes on without end with some seed, or as long and with the seed that are given', async () => {
    expect(await requestOf('')).to.deep.equal({ seed: 42 });
    expect(await requestOf('--seconds 1.5 --seed 0')).to.deep.equal({ seconds: 1.5, seed: 0 });
  });

  itRefuses(tool, [
    ['--seconds x', "option '--seconds <n>' argument 'x' is invalid. It is a number from 0.1 to 31536000."],
    ['--seconds 0', "option '--seconds <n>' argument '0' is invalid. It is a number from 0.1 to 31536000."],
    ['--seed 1.5', "option '--seed <n>' argument '1.5' is invalid. It is a whole number from 0 to 4294967295."],
    ['--seed', "option '--seed <n>' argument missing"],
    ['--minutes 3', "unknown option '--minutes'"],
    ['60', "unexpected argument '60': options come after a --, as in npm run fuzz -- --help"],
  ]);
});
