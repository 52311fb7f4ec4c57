import { expect } from 'chai';
import fc from 'fast-check';
import type { Uuid } from '../../src/db/store.js';
import { hearing, nextShifts, shiftOf, trueAges } from '../../src/streams/shifts.js';

const [second, minute, hour] = [1000, 60_000, 3_600_000];

const aged = (ages: Readonly<Record<string, number>>) =>
  Object.entries(ages).map(([coordinatorId, age]) => ({ coordinatorId, age }));
const map = (entries: Readonly<Record<string, number>>): ReadonlyMap<Uuid, number> => new Map(Object.entries(entries));

describe('the shift of a coordinator', () => {
  const cases = [
    ['is none when its heartbeat is as old as it was heard', 2 * second, 2 * second, 0],
    ['is none when its last heartbeats were not heard', 1 * second, 4 * minute, 0],
    ['is none when it was heard late', 20 * second, 0, 0],
    ['is that of its time zone, east of UTC', 5.75 * hour + 2 * second, 2 * second, 5.75 * hour],
    ['is that of its time zone, west of UTC', -3.5 * hour + 2 * second, 2 * second, -3.5 * hour],
    ['is the same when it is silent', -3.5 * hour + 20 * second, 20 * second, -3.5 * hour],
    ['is not known when it was heard long ago', 5 * second, hearing + 1, undefined],
    ['is not known when it was never heard', 5 * second, Infinity, undefined],
    ['is not known when it was heard in the future: the local clock was set back', 5 * second, -1, undefined],
  ] as const;
  for (const [what, age, silence, shift] of cases) {
    it(what, () => expect(shiftOf(age, silence)).to.equal(shift));
  }

  it('is that of any time zone there is, however late it was heard, for as long as that says something', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -12 * 4, max: 14 * 4 }),
        fc.integer({ min: 0, max: hearing }),
        fc.integer({ min: -10 * second, max: 30 * second }),
        (quarters, silence, delay) => {
          const shift = quarters * 15 * minute;
          expect(shiftOf(shift + silence + delay, silence)).to.equal(shift + 0);
        },
      ),
    );
  });
});

describe('the shifts of all', () => {
  it('are those that can be told now, else those that were known, and nobody’s whose times are true', () => {
    const before = map({ heardAgain: hour, notHeard: hour, gone: hour, moved: hour });
    const ages = aged({ heardAgain: 2 * hour, notHeard: hour, fresh: second, moved: second, unknown: hour });
    const heardAt = map({ heardAgain: 1000, fresh: 1000, moved: 1000 });
    expect(nextShifts(before, ages, heardAt, 1000)).to.deep.equal(map({ heardAgain: 2 * hour, notHeard: hour }));
  });
});

describe('the true ages', () => {
  it('are those without the shift, of those who are young enough', () => {
    const shifts = map({ east: hour, west: -hour });
    const ages = aged({
      east: hour + 2000,
      west: 3000 - hour,
      here: 4000,
      old: 6000,
      dead: hour,
      ahead: -20,
      far: -hour,
    });
    expect(trueAges(ages, shifts, 6000)).to.deep.equal(aged({ east: 2000, west: 3000, here: 4000, ahead: 0 }));
  });
});
