import { expect } from 'chai';
import { UsageError } from '../../bench/usageError.js';
import { parseSoakOptions } from './soakOptions.js';

const parse = (line: string) => parseSoakOptions(line === '' ? [] : line.split(' '), 42);

describe('the options of a soak', () => {
  it('have defaults', () => {
    expect(parse('')).to.deep.equal({ minutes: 30, peers: 60, rate: 10, seed: 42, out: '.soak' });
  });

  it('are taken as they are given', () => {
    expect(parse('--minutes 0.5 --peers 12 --rate 2.5 --seed 0 --out there')).to.deep.equal({
      ...{ minutes: 0.5, peers: 12, rate: 2.5, seed: 0, out: 'there' },
    });
    expect(parse('--help')).to.equal(undefined);
  });

  for (const [line, message] of [
    ['--minutes soon', '--minutes must be a number from 0.1 to 10080, got "soon"'],
    ['--minutes 0', '--minutes must be a number from 0.1 to 10080, got "0"'],
    ['--minutes=', '--minutes must be a number from 0.1 to 10080, got ""'],
    ['--peers 3', '--peers must be a whole number from 4 to 5000, got "3"'],
    ['--peers 10.5', '--peers must be a whole number from 4 to 5000, got "10.5"'],
    ['--rate NaN', '--rate must be a number from 0.1 to 1000, got "NaN"'],
    ['--seed -1', '--seed'],
    ['--seed=-1', '--seed must be a whole number from 0 to 4294967295, got "-1"'],
    ['--out=', '--out must be a folder, got ""'],
    ['--hours 1', "Unknown option '--hours'"],
    ['30', "Unexpected argument '30'"],
  ] as const) {
    it(`are refused in one line: ${line}`, () => {
      expect(() => parse(line))
        .to.throw(UsageError, message)
        .with.property('message')
        .that.does.not.include('\n');
    });
  }
});
