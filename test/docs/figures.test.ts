import { expect } from 'chai';
import { textOf } from './markdown.js';

/** All numbers in a text. */
const numbersIn = (text: string): readonly string[] => text.match(/\d[\d,]*(\.\d+)?/g) ?? [];

const valueOf = (number: string): number => Number(number.replaceAll(',', ''));

/** Whether a number is another one, rounded to as many decimals as it has itself. */
const isRounded = (number: string, exact: string): boolean => {
  const decimals = number.split('.')[1]?.length ?? 0;
  return valueOf(exact).toFixed(decimals) === valueOf(number).toFixed(decimals);
};

describe('the figures of the README', () => {
  it('are those that were measured', () => {
    const [, section = ''] = textOf('README.md').split('\n## What it costs\n');
    const [costs = ''] = section.split('\n## ');
    const results = [...costs.matchAll(/\]\((bench\/results\/[^)]+\.md)\)/g)].map(([, file = '']) => textOf(file));
    const measured = results.flatMap(numbersIn);
    // The second column, without its title.
    const cells = [...costs.matchAll(/^\| [^|]+\| ([^|]+)\|/gm)].slice(1).map(([, cell = '']) => cell);
    const figures = cells.flatMap(numbersIn);
    expect(figures).to.have.length.above(8);
    for (const figure of figures) {
      expect(
        measured.some((exact) => isRounded(figure, exact)),
        figure,
      ).to.equal(true);
    }
  });
});
