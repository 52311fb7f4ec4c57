import { expect } from 'chai';
import type { TestScheduler } from 'rxjs/testing';
import { LateTunnels } from '../../src/streams/lateTunnels.js';
import { alice, bob, carol, dave, eve, marbles, nameOf } from '../../src/testing/index.js';
import { onTime } from './support/onTime.js';

const others = [bob, carol, dave, eve];
const late = (tunnels: LateTunnels) => others.filter((dst) => tunnels.has(alice, dst)).map(nameOf);

/** A statement that opens tunnels of alice has failed. */
const failed = () => {
  const tunnels = new LateTunnels();
  tunnels.begun(alice);
  tunnels.failed(alice);
  return tunnels;
};

describe('LateTunnels', () => {
  it('has all of a source that has said goodbye since a statement was made that failed', () => {
    const tunnels = new LateTunnels();
    tunnels.saidGoodbye(alice);
    tunnels.begun(alice);
    expect(late(tunnels)).to.deep.equal([]);
    tunnels.saidGoodbye(alice);
    // It may be answered yet.
    expect(late(tunnels)).to.deep.equal([]);
    tunnels.failed(alice);
    expect(late(tunnels)).to.deep.equal(['bob', 'carol', 'dave', 'eve']);
    expect(tunnels.has(bob, alice)).to.equal(false);
  });

  it('has none of a source whose statements are answered, unless one had failed before', () => {
    const tunnels = new LateTunnels();
    tunnels.begun(alice);
    tunnels.answered(alice);
    tunnels.saidGoodbye(alice);
    tunnels.failed(alice);
    expect(late(tunnels)).to.deep.equal([]);
    tunnels.begun(alice);
    tunnels.failed(alice);
    tunnels.saidGoodbye(alice);
    tunnels.begun(alice);
    tunnels.answered(alice);
    expect(late(tunnels)).to.have.lengthOf(4);
  });

  it('holds nothing of who has had all statements answered, and one entry for each that has not', () => {
    const tunnels = new LateTunnels();
    for (const src of others) tunnels.begun(src);
    tunnels.begun(bob);
    expect(tunnels.size).to.equal(4);
    for (const src of others) tunnels.answered(src);
    expect(tunnels.size).to.equal(0);
  });

  it('remembers nothing of a source that would have more than 20,000 exceptions, however many lives those are from', () => {
    const tunnels = failed();
    const removed = (life: number) => Array.from({ length: 10_000 }, (_, index) => `${String(life)}/${String(index)}`);
    for (const life of [1, 2]) tunnels.wasLost(alice, [], [...removed(life)]);
    expect([tunnels.size, tunnels.has(alice, '1/0'), tunnels.has(alice, '2/9999')]).to.deep.equal([1, true, true]);
    tunnels.wasLost(alice, [], ['3/0']);
    expect([tunnels.size, tunnels.has(alice, '1/0')]).to.deep.equal([0, false]);
  });

  it('has those of a lost source that it had removed', () => {
    const tunnels = failed();
    tunnels.wasLost(alice, [bob], [carol]);
    expect(late(tunnels)).to.deep.equal(['carol']);
    tunnels.wasLost(alice, [carol], [dave]);
    expect(late(tunnels)).to.deep.equal(['dave']);
    tunnels.saidGoodbye(alice);
    expect(late(tunnels)).to.have.lengthOf(4);
  });

  it('has those of a source that has come back and was lost which it has not wanted since its goodbye', () => {
    const tunnels = failed();
    tunnels.saidGoodbye(alice);
    tunnels.wasLost(alice, [bob, carol], []);
    expect(late(tunnels)).to.deep.equal(['dave', 'eve']);
    tunnels.wasLost(alice, [dave], [carol]);
    expect(late(tunnels)).to.deep.equal(['carol', 'eve']);
  });

  /** A check of the own rows at each of these times, and what is late after each. */
  const checks = (tunnels: LateTunnels, scheduler: TestScheduler, isWaiting: () => boolean = () => false) => {
    const at = onTime(scheduler);
    return {
      at,
      check: (from: number, to: number, expected: readonly string[]) => {
        let compared: () => void;
        at(from, () => (compared = tunnels.checkBegins(isWaiting)));
        at(to, () => {
          compared();
          expect(late(tunnels), `at ${to}`).to.deep.equal(expected);
        });
      },
    };
  };
  const all = others.map(nameOf);

  it(
    'reckons from the last statement about a source, answered or not',
    marbles(
      ({ scheduler, expectObservable }) => {
        const tunnels = failed();
        const { at, check } = checks(tunnels, scheduler);
        at(1_000, () => {
          tunnels.failed(alice);
          tunnels.saidGoodbye(alice);
        });
        // The goodbye is written: what had failed long before may come after it.
        at(150_000, () => tunnels.answered(alice));
        check(155_000, 155_001, all);
        check(180_000, 180_001, []);
        expectObservable(tunnels.time$(scheduler), '^ 190s !').toBe('-');
      },
      { until: 191_000 },
    ),
  );

  it(
    'forgets when all own rows have been compared by a check after which nothing can come any more',
    marbles(
      ({ scheduler, expectObservable }) => {
        const tunnels = new LateTunnels();
        const { at, check } = checks(tunnels, scheduler);
        at(1_000, () => {
          tunnels.begun(alice);
          tunnels.failed(alice);
          tunnels.saidGoodbye(alice);
        });
        check(5_000, 6_000, all);
        at(7_000, () => tunnels.failed(alice));
        // However long it takes: what counts is when it began.
        check(16_999, 200_000, all);
        check(300_000, 300_001, []);
        // And again.
        at(400_000, () => {
          tunnels.begun(alice);
          tunnels.failed(alice);
          tunnels.saidGoodbye(alice);
        });
        check(409_999, 409_999, all);
        check(450_000, 450_001, []);
        expectObservable(tunnels.time$(scheduler), '^ 500s !').toBe('-');
      },
      { until: 501_000 },
    ),
  );

  it(
    'keeps who has another statement under way, which may fail after the check',
    marbles(
      ({ scheduler, expectObservable }) => {
        const tunnels = failed();
        const { at, check } = checks(tunnels, scheduler);
        at(1_000, () => tunnels.failed(alice));
        at(98_000, () => tunnels.begun(alice));
        at(99_000, () => tunnels.saidGoodbye(alice));
        check(100_000, 100_001, all);
        at(103_000, () => tunnels.failed(alice));
        check(104_000, 104_001, all);
        check(130_000, 130_001, []);
        at(130_002, () => expect(tunnels.size).to.equal(0));
        expectObservable(tunnels.time$(scheduler), '^ 140s !').toBe('-');
      },
      { until: 141_000 },
    ),
  );

  it(
    'grows no older than it is where others go on failing, and no younger',
    marbles(
      ({ scheduler, expectObservable }) => {
        const tunnels = failed();
        const { at, check } = checks(tunnels, scheduler);
        at(1_000, () => {
          tunnels.failed(alice);
          tunnels.saidGoodbye(alice);
        });
        for (let time = 2_000; time < 60_000; time += 5_000) {
          at(time, () => {
            tunnels.begun(bob);
            tunnels.failed(bob);
          });
        }
        check(50_000, 50_001, []);
        at(50_002, () => expect(tunnels.size).to.equal(1));
        expectObservable(tunnels.time$(scheduler), '^ 60s !').toBe('-');
      },
      { until: 61_000 },
    ),
  );

  it(
    'forgets nobody of whom the goodbye is still to be written, nor while a statement is under way',
    marbles(
      ({ scheduler, expectObservable }) => {
        const tunnels = new LateTunnels();
        let isWaiting = true;
        const { at, check } = checks(tunnels, scheduler, () => isWaiting);
        at(1_000, () => {
          tunnels.begun(bob);
          tunnels.begun(alice);
          tunnels.failed(alice);
          tunnels.saidGoodbye(alice);
        });
        check(100_000, 100_001, all);
        at(110_000, () => (isWaiting = false));
        check(120_000, 120_001, []);
        at(130_000, () => {
          tunnels.saidGoodbye(bob);
          tunnels.failed(bob);
          expect(tunnels.has(bob, alice)).to.equal(true);
        });
        expectObservable(tunnels.time$(scheduler), '^ 140s !').toBe('-');
      },
      { until: 141_000 },
    ),
  );
});
