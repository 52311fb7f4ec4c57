import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { temporaryDirectory } from '../cli/temporaryDirectory.js';
import { foundOf, keepFound } from './corpus.js';

describe('inputs that went wrong', () => {
  it('are kept once, in a file that the sentence names', () => {
    using directory = temporaryDirectory();
    const found = join(directory.path, 'found');
    const keep = (hex: string) => keepFound('reading', Buffer.from(hex, 'hex'), 'a reason\nof two lines', found);
    expect(foundOf('reading', found)).to.deep.equal([]);

    expect(keep('00ff')).to.match(
      /^It was kept in a new file of the repository, \S+reading\.txt: commit that with the fix\.$/,
    );
    expect(keep('')).to.match(/^It was added to a file of the repository, \S+reading\.txt: commit/);
    expect(keep('00ff')).to.match(/^It is kept in \S+reading\.txt already\.$/);
    expect(existsSync(join(found, 'decoding.txt'))).to.equal(false);
    expect(readFileSync(join(found, 'reading.txt'), 'utf8')).to.match(/^00ff a reason of two lines$/m);
    expect(foundOf('reading', found).map((input) => input.toString('hex'))).to.deep.equal(['00ff', '']);
  });
});
