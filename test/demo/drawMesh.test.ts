import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import { cast } from '../../scripts/demo/cast.js';
import { drawMesh, size } from '../../scripts/demo/drawMesh.js';
import { after, countSights, nothingYet } from '../../scripts/demo/mesh.js';
import { meshOf, northKilled, wholeMesh } from './meshOf.js';

const plain = { hasColours: false };

/** How many dots of Braille there are. */
const dotsOf = (lines: readonly string[]): number =>
  Array.from(lines.join(''))
    .map((character) => (character.codePointAt(0) ?? 0) - 0x2800)
    .filter((dots) => dots > 0 && dots < 0x100)
    .map((dots) => dots.toString(2).replaceAll('0', '').length)
    .reduce((sum, count) => sum + count, 0);

describe('drawMesh', () => {
  const whole = meshOf(...wholeMesh);
  const killed = meshOf(...wholeMesh, ...northKilled);

  it('fits into its size, whatever there is to see', () => {
    for (const mesh of [nothingYet, whole, after(killed, { kind: 'caption', text: 'word '.repeat(40).trim() })]) {
      const lines = drawMesh(mesh, plain);
      expect(lines).to.have.length(size.rows);
      for (const line of lines) expect(Array.from(line)).to.have.length.at.most(size.columns);
    }
  });

  it('shows all peers, where they are, and what they were told', () => {
    const text = drawMesh(whole, plain).join('\n');
    for (const name of cast) expect(text).to.contain(name);
    expect(text.match(/●/g)).to.have.length(12);
    expect(text)
      .to.match(/north +live +6 peers/)
      .and.to.match(/south +live +6 peers/);
    expect(text).to.contain('NODE 48').and.to.contain('LOST  0');
  });

  it('shows who is not connected, and what is lost with fewer dots', () => {
    const lines = drawMesh(killed, plain);
    // One of them is the legend.
    expect(lines.join('\n').match(/○/g)).to.have.length(7);
    expect(lines.join('\n')).to.match(/north +killed\n/);
    expect(countSights(killed, 'lost')).to.equal(12);
    expect(dotsOf(lines)).to.be.below(0.8 * dotsOf(drawMesh(whole, plain)));
  });

  it('forgets who left for good', () => {
    const gone = after(whole, { kind: 'told', who: 'alice', of: 'bob', sight: 'disconnected' });
    expect(countSights(gone, 'node')).to.equal(47);
  });

  it('breaks what is said between words', () => {
    const lines = drawMesh(after(nothingYet, { kind: 'caption', text: 'one two '.repeat(12).trim() }), plain);
    expect(lines.slice(-3)).to.deep.equal([` ${'one two '.repeat(9)}one`, ` two${' one two'.repeat(2)}`, '']);
  });

  it('is the same with colours, but for them', () => {
    const coloured = drawMesh(killed, { hasColours: true });
    expect(coloured.map(stripVTControlCharacters).map((line) => line.trimEnd())).to.deep.equal(drawMesh(killed, plain));
    expect(coloured.join('')).to.contain('\u001b[33m');
    expect(drawMesh(killed, plain).join('')).not.to.contain('\u001b');
  });
});
