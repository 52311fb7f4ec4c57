import { expect } from 'chai';
import { decimal, seed } from './parsers.js';

describe('what is read from a command line', () => {
  it('is a number within bounds, whole or not', () => {
    const read = decimal(0.1, 60);
    expect(['0.1', '1', '2.50', '60'].map(read)).to.deep.equal([0.1, 1, 2.5, 60]);
    for (const text of ['0', '60.1', '-1', '', ' 1', '1e1', '0x1', 'NaN', 'Infinity', 'x']) {
      expect(() => read(text), text).to.throw('It is a number from 0.1 to 60.');
    }
  });

  it('is a seed of 32 bits', () => {
    expect(['0', '7', '4294967295'].map(seed)).to.deep.equal([0, 7, 4_294_967_295]);
    for (const text of ['-1', '1.5', '4294967296', '', 'x']) {
      expect(() => seed(text), text).to.throw('It is a whole number from 0 to 4294967295.');
    }
  });
});
