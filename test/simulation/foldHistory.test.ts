import { expect } from 'chai';
import { draftPlan } from './draftPlan.js';
import { foldHistory, type Happening } from './foldHistory.js';
import { simulate } from './simulate.js';

const fold = (...history: readonly (readonly [at: number, text: string])[]) =>
  foldHistory(history.map(([at, text]) => ({ at, text }))).map(({ at, text }) => [at, text]);

describe('a folded history', () => {
  it('tells in one line what coordinators log when one of them comes', () => {
    const folded = fold(
      [3, 'c1 logs: health changed'],
      [5, 'c0 logs: live coordinators changed'],
      [6, 'c0 logs: live coordinators changed'],
      [7, 'c0 logs: health changed'],
      [7, 'c0 logs: something else'],
    );
    expect(folded).to.deep.equal([
      [3, 'logs: health changed (c0, c1), live coordinators changed (c0 2 times)'],
      [7, 'c0 logs: something else'],
    ]);
  });

  it('tells together what a peer is told at the same time, and what becomes of its tunnels', () => {
    const folded = fold(
      [3, '  the tunnel of peer 6 to 2: c3'],
      [3, '  the tunnel of peer 6 to 5: c3, c0'],
      [3, '  peer 6 is told of peer 5: NODE, derp 2'],
      [3, '  peer 6 is told of peer 2: LOST, derp 1'],
      [4, '  peer 6 is told of peer 3: NODE, derp 2'],
    );
    expect(folded).to.deep.equal([
      [3, '  the tunnels of peer 6: to 2: c3; to 5: c3, c0'],
      [3, '  peer 6 is told of peer 5: NODE, derp 2; of peer 2: LOST, derp 1'],
      [4, '  peer 6 is told of peer 3: NODE, derp 2'],
    ]);
  });

  it('tells together who is told the same', () => {
    expect(
      fold(
        [3, '  peer 6 is told of peer 5: DISCONNECTED'],
        [3, '  peer 7 is told of peer 5: DISCONNECTED'],
        [3, '  peer 8 is told of peer 5: LOST, derp 1'],
      ),
    ).to.deep.equal([
      [3, '  peers 6, 7 are told of peer 5: DISCONNECTED'],
      [3, '  peer 8 is told of peer 5: LOST, derp 1'],
    ]);
  });

  it('keeps apart what something else comes between', () => {
    const history: readonly Happening[] = [
      { at: 3, text: '  peer 6 is told of peer 5: DISCONNECTED' },
      { at: 3, text: 'does not hold: torn down for a reason', isWrong: true },
      { at: 3, text: '  peer 6 is told of peer 4: DISCONNECTED' },
    ];
    expect(foldHistory(history)).to.deep.equal(history);
  });

  it('loses nothing that anybody is told', () => {
    const { log } = simulate(draftPlan(11), { isTracing: true });
    const history = log.map((line): Happening => ({ at: parseFloat(line), text: line.replace(/^ *\S+ /, '') }));
    const folded = foldHistory(history);
    expect(updatesIn(history)).to.be.greaterThan(50);
    expect(updatesIn(folded)).to.equal(updatesIn(history));
    expect(folded.length).to.be.lessThan(history.length);
  });
});

/** How many updates peers are told of: each line says to how many, and of how many. */
const updatesIn = (happenings: readonly Happening[]): number =>
  happenings.reduce((sum, { text }) => {
    const [, viewers] = /^ {2}peers? ([\d, ]+) (?:is|are) told of peer/.exec(text) ?? [];
    return sum + (viewers === undefined ? 0 : viewers.split(',').length * text.split(' of peer ').slice(1).length);
  }, 0);
