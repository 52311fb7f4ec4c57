import { expect } from 'chai';
import { BrailleCanvas } from '../../scripts/demo/brailleCanvas.js';

const drawn = (canvas: BrailleCanvas<string>): readonly string[] =>
  canvas.rows().map((cells) => cells.map(({ character }) => character).join(''));

describe('BrailleCanvas', () => {
  it('is empty at first', () => {
    expect(drawn(new BrailleCanvas(3, 2))).to.deep.equal(['   ', '   ']);
  });

  it('draws lines with the dots of Braille, down, across and slanting', () => {
    const canvas = new BrailleCanvas<string>(3, 3);
    canvas.line([0, 0], [0, 2.75], 'down');
    canvas.line([1, 0], [2.5, 0], 'across');
    canvas.line([1, 1], [2.5, 2.75], 'slanting');
    expect(drawn(canvas)).to.deep.equal(['⡇⠉⠉', '⡇⢣ ', '⡇ ⢣']);
  });

  it('leaves dots out of a line with a gap', () => {
    const canvas = new BrailleCanvas<string>(3, 1);
    canvas.line([0, 0], [2.5, 0], 'across', 3);
    expect(drawn(canvas)).to.deep.equal(['⠁⠈ ']);
  });

  it('puts text over lines, and leaves out what does not fit', () => {
    const canvas = new BrailleCanvas<string>(4, 1);
    canvas.line([0, 0], [9, 0], 'line');
    canvas.text([2, 0], 'bob', 'name');
    canvas.text([0, 7], 'nowhere', 'name');
    expect(drawn(canvas)).to.deep.equal(['⠉⠉bo']);
    expect(canvas.rows()[0]?.map(({ style }) => style)).to.deep.equal(['line', 'line', 'name', 'name']);
  });
});
