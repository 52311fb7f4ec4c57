import { expect } from 'chai';
import { VirtualTimeScheduler } from 'rxjs';
import { showProgress } from './showProgress.js';

/** Shows progress for so many milliseconds, and answers what was written, piece by piece. */
const written = (isTTY: boolean, milliseconds: number): readonly string[] => {
  const pieces: string[] = [];
  const scheduler = new VirtualTimeScheduler();
  scheduler.maxFrames = milliseconds;
  let looks = 0;
  const out = { isTTY, write: (text: string) => pieces.push(text) };
  const progress = showProgress('tool', () => `look ${(looks += 1)}`, { out, scheduler });
  scheduler.flush();
  progress[Symbol.dispose]();
  scheduler.maxFrames = Infinity;
  scheduler.flush();
  return pieces;
};

describe('the progress of a tool', () => {
  it('is a line that changes on a terminal, and goes away', () => {
    expect(written(true, 1_200)).to.deep.equal(['\r\u001b[Ktool: look 1', '\r\u001b[Ktool: look 2', '\r\u001b[K']);
  });

  it('is a line every ten seconds elsewhere', () => {
    expect(written(false, 9_999)).to.deep.equal([]);
    expect(written(false, 25_000)).to.deep.equal(['tool: look 1\n', 'tool: look 2\n']);
  });
});
