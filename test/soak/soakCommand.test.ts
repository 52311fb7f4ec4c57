import { expect } from 'chai';
import { ask } from '../tools/ask.js';
import { itRefuses } from '../tools/refusals.js';
import { soakCommand } from './soakCommand.js';

const tool = () => soakCommand(42);

const requestOf = async (line: string) => (await ask(tool(), line)).request;

describe('npm run soak', () => {
  it('has defaults, and takes what is given', async () => {
    expect(await requestOf('')).to.deep.equal({ minutes: 30, peers: 60, rate: 10, seed: 42, out: '.soak' });
    expect(await requestOf('--minutes 0.5 --peers 12 --rate 2.5 --seed 0 --out there')).to.deep.equal({
      ...{ minutes: 0.5, peers: 12, rate: 2.5, seed: 0, out: 'there' },
    });
  });

  itRefuses(tool, [
    ['--minutes soon', "option '--minutes <n>' argument 'soon' is invalid. It is a number from 0.1 to 10080."],
    ['--minutes -1', "option '--minutes <n>' argument '-1' is invalid. It is a number from 0.1 to 10080."],
    ['--minutes 0', "option '--minutes <n>' argument '0' is invalid. It is a number from 0.1 to 10080."],
    ['--minutes=', "option '--minutes <n>' argument '' is invalid. It is a number from 0.1 to 10080."],
    ['--peers 3', "option '--peers <n>' argument '3' is invalid. It is a whole number from 4 to 5000."],
    ['--peers 10.5', "option '--peers <n>' argument '10.5' is invalid. It is a whole number from 4 to 5000."],
    ['--rate NaN', "option '--rate <n>' argument 'NaN' is invalid. It is a number from 0.1 to 1000."],
    ['--seed -1', "option '--seed <n>' argument '-1' is invalid. It is a whole number from 0 to 4294967295."],
    ['--out=', "option '--out <dir>' argument '' is invalid. It is a folder."],
    ['--hours 1', "unknown option '--hours'"],
    ['30', "unexpected argument '30': options come after a --, as in npm run soak -- --help"],
  ]);
});
