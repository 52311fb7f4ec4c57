import { expect } from 'chai';
import { quote } from '../../src/gateways/quote.js';

describe('what a stranger sent', () => {
  const table: readonly (readonly [text: string, quoted: string])[] = [
    ['plain', '"plain"'],
    ['a "word"\n', '"a \\"word\\"\\n"'],
    ['\u001b[2J', '"\\u001b[2J"'],
    ['\u009b31m\u007f\u0085', '"\\u009b31m\\u007f\\u0085"'],
    ['\u202ex\u2066y\u061c', '"\\u202ex\\u2066y\\u061c"'],
    ['\u2028\u2029', '"\\u2028\\u2029"'],
    ['x'.repeat(65), `"${'x'.repeat(64)}…"`],
  ];
  for (const [text, quoted] of table) {
    it(`is quoted as ${quoted.slice(0, 30)}`, () => {
      expect(quote(text)).to.equal(quoted);
    });
  }
});
