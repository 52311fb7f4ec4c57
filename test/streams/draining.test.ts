import { expect } from 'chai';
import { type Connection, Connections } from '../../src/streams/connections.js';
import { draining$ } from '../../src/streams/draining.js';
import { marbles } from '../../src/testing/index.js';

/** So many connections, and when each was ended. */
const manyConnections = (count: number, now: () => number) => {
  const connections = new Connections();
  const endedAt: number[] = [];
  for (let n = 0; n < count; n++) {
    const connection: Connection = {
      id: String(n),
      tell: () => undefined,
      end: (reason) => {
        expect(reason).to.equal('coordinator closed');
        endedAt.push(now());
        connections.close(connection);
      },
    };
    connections.open(connection);
  }
  return { connections, endedAt };
};

describe('draining$', () => {
  it(
    'ends one connection after the other in even steps, and completes with the last',
    marbles(({ scheduler, expectObservable, flush }) => {
      const { connections, endedAt } = manyConnections(4, () => scheduler.now());
      expectObservable(draining$({ connections, spread: 2000, scheduler })).toBe('1500ms |');
      flush();
      expect(endedAt).to.deep.equal([0, 500, 1000, 1500]);
    }),
  );

  it(
    'ends several in a step when there are more than steps of 10 ms',
    marbles(({ scheduler, expectObservable, flush }) => {
      const { connections, endedAt } = manyConnections(1000, () => scheduler.now());
      expectObservable(draining$({ connections, spread: 1000, scheduler })).toBe('1s |');
      flush();
      expect(endedAt).to.deep.equal(Array.from({ length: 1000 }, (_, n) => 10 * Math.ceil(n / 10)));
    }),
  );

  it(
    'ends all within the spread, however odd the numbers are',
    marbles(({ scheduler, expectObservable, flush }) => {
      const { connections, endedAt } = manyConnections(77, () => scheduler.now());
      expectObservable(draining$({ connections, spread: 33, scheduler })).toBe('40ms |');
      flush();
      expect(endedAt).to.have.lengthOf(77);
      expect([...endedAt].sort((a, b) => a - b)).to.deep.equal(endedAt);
    }),
  );

  it(
    'ends all at once without a spread, and nothing when there is nobody',
    marbles(({ scheduler, expectObservable, flush }) => {
      const { connections, endedAt } = manyConnections(3, () => scheduler.now());
      expectObservable(draining$({ connections, spread: 0, scheduler })).toBe('|');
      expectObservable(draining$({ connections: new Connections(), spread: 1000, scheduler })).toBe('|');
      flush();
      expect(endedAt).to.deep.equal([0, 0, 0]);
    }),
  );

  it(
    'does not wait for those who leave by themselves',
    marbles(({ scheduler, expectObservable }) => {
      const { connections } = manyConnections(3, () => scheduler.now());
      scheduler.schedule(() => {
        for (const connection of connections.all()) connections.close(connection);
      }, 250);
      expectObservable(draining$({ connections, spread: 60_000, scheduler })).toBe('300ms |');
    }),
  );

  it(
    'ends nobody any more when it is unsubscribed from',
    marbles(({ scheduler, expectObservable, flush }) => {
      const { connections, endedAt } = manyConnections(4, () => scheduler.now());
      expectObservable(draining$({ connections, spread: 2000, scheduler }), '^ 600ms !').toBe('');
      flush();
      expect(endedAt).to.deep.equal([0, 500]);
    }),
  );
});
