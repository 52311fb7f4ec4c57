import { expect } from 'chai';
import { asyncScheduler } from 'rxjs';
import { createBusLine } from '../../src/testing/faults/busLine.js';
import { marbles } from '../../src/testing/index.js';
import { onTime } from '../streams/support/onTime.js';
import type { TestScheduler } from 'rxjs/testing';

const setUp = (scheduler: TestScheduler) => {
  const line = createBusLine(scheduler);
  const arrived: string[] = [];
  const send = (name: string, channel: string, sender: number | undefined, latency: number) =>
    line.send({ channel, sender }, latency, () => arrived.push(`${name} ${scheduler.now()}`));
  return { line, arrived, send, at: onTime(scheduler) };
};

describe('createBusLine', () => {
  it(
    'keeps the order of a channel and of a sender, and of nobody else',
    marbles(({ scheduler }) => {
      const { send, arrived, at } = setUp(scheduler);
      at(1, () => {
        send('slow', 'a', 1, 10);
        send('behind its sender', 'b', 1, 2);
        send('behind its channel', 'b', 2, 0);
        send('quick', 'c', 3, 2);
        send('at once', 'd', undefined, 0);
      });
      at(20, () => {
        expect(arrived).to.deep.equal([
          'at once 1',
          'quick 3',
          'slow 11',
          'behind its sender 11',
          'behind its channel 11',
        ]);
      });
    }),
  );

  it(
    'waits for nothing that has been cancelled, nor is what comes next early or lost',
    marbles(({ scheduler }) => {
      const { send, arrived, at } = setUp(scheduler);
      at(1, () => {
        const first = send('first', 'a', undefined, 5);
        send('second', 'b', undefined, 9);
        const third = send('third', 'c', undefined, 12);
        first.unsubscribe();
        third.unsubscribe();
        third.unsubscribe();
      });
      at(30, () => {
        expect(arrived).to.deep.equal(['second 10']);
        send('later', 'a', undefined, 0);
        expect(arrived.at(-1)).to.equal('later 30');
      });
    }),
  );

  it(
    'sends what somebody says about what arrives, and waits for who is there already',
    marbles(({ scheduler }) => {
      const { line, send, arrived, at } = setUp(scheduler);
      at(1, () => {
        line.send({ channel: 'a', sender: 1 }, 2, () => {
          arrived.push('one');
          send('answer', 'b', undefined, 0);
        });
        send('two', 'a', 1, 2);
      });
      at(10, () => expect(arrived).to.deep.equal(['one', 'two 3', 'answer 3']));
    }),
  );

  it('lets everything else come between those that take longer to arrive than to be sent', async () => {
    const line = createBusLine(asyncScheduler);
    let hasEnded = false;
    let arrivals = 0;
    const again = (): void => {
      arrivals += 1;
      if (!hasEnded && arrivals < 1_000) line.send({ channel: 'a', sender: undefined }, 1, again);
      const until = performance.now() + 2;
      while (performance.now() < until);
    };
    line.send({ channel: 'a', sender: undefined }, 1, again);
    await new Promise((resolve) => setTimeout(resolve, 20));
    hasEnded = true;
    expect(arrivals).to.be.below(1_000);
  });

  it('has a crowd that is due at the same time arrive at the same time, on a clock as well', async () => {
    const line = createBusLine(asyncScheduler);
    let turns = 0;
    const counting = setInterval(() => (turns += 1));
    try {
      await new Promise<void>((resolve) => {
        let count = 0;
        for (let n = 0; n < 1_000; n++) {
          line.send({ channel: 'a', sender: undefined }, 5, () => {
            if (++count === 1_000) resolve();
          });
        }
      });
    } finally {
      clearInterval(counting);
    }
    // One turn for each would be a thousand.
    expect(turns).to.be.below(500);
  });
});
