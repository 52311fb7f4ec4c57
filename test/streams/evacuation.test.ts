import { expect } from 'chai';
import { evacuation$ } from '../../src/streams/evacuation.js';
import { type Connection, Connections } from '../../src/streams/connections.js';
import { alice, bob, carol, marbles, nameOf } from '../../src/testing/index.js';
import { onTime } from './support/onTime.js';

/** Draws these numbers, one after the other, and again. */
const drawing = (...numbers: readonly number[]) => {
  let index = 0;
  return () => numbers[index++ % numbers.length] ?? 0;
};

const setUp = () => {
  const connections = new Connections();
  const ended: string[] = [];
  const connect = (peerId: string) => {
    let isOver = false;
    const connection: Connection = {
      id: peerId,
      tell: () => undefined,
      end: (reason) => {
        if (isOver) return;
        isOver = true;
        ended.push(`${nameOf(peerId)}: ${reason}`);
        connections.close(connection);
      },
    };
    connections.open(connection);
  };
  return { connections, ended, connect };
};

const values = { u: true, h: false };

describe('evacuation$', () => {
  it(
    'ends every connection at a time of its own, and says why',
    marbles(({ scheduler, hot, expectObservable, expectSubscriptions }) => {
      const { connections, ended, connect } = setUp();
      [alice, bob, carol].forEach(connect);
      const at = onTime(scheduler);
      const unhealthy$ = hot('h 9ms u', values);
      const random = drawing(0.5, 0, 0.999);
      expectObservable(evacuation$({ connections, unhealthy$, spread: 4000, random, scheduler })).toBe('-');
      expectSubscriptions(unhealthy$.subscriptions).toBe('^');
      at(9, () => expect(ended).to.deep.equal([]));
      at(11, () => expect(ended).to.deep.equal(['bob: coordinator unhealthy']));
      at(2009, () => expect(ended).to.have.lengthOf(1));
      at(2011, () => expect(ended).to.deep.equal(['bob: coordinator unhealthy', 'alice: coordinator unhealthy']));
      at(4010, () => expect(ended.at(-1)).to.equal('carol: coordinator unhealthy'));
    }),
  );

  it(
    'leaves those who are still there when it recovers, and starts anew when it fails again',
    marbles(({ scheduler, hot, expectObservable }) => {
      const { connections, ended, connect } = setUp();
      [alice, bob].forEach(connect);
      const at = onTime(scheduler);
      const unhealthy$ = hot('u 999ms h 998ms u', values);
      const random = drawing(0.1, 0.9, 0.5);
      expectObservable(evacuation$({ connections, unhealthy$, spread: 4000, random, scheduler })).toBe('-');
      at(1998, () => expect(ended).to.deep.equal(['alice: coordinator unhealthy']));
      at(3998, () => expect(ended).to.have.lengthOf(1));
      at(4000, () => expect(ended).to.deep.equal(['alice: coordinator unhealthy', 'bob: coordinator unhealthy']));
    }),
  );

  it(
    'does nothing to those who are gone, or who took the place of one that was there',
    marbles(({ scheduler, hot, expectObservable }) => {
      const { connections, ended, connect } = setUp();
      connect(alice);
      const at = onTime(scheduler);
      at(10, () => connect(alice));
      const unhealthy$ = hot('u', values);
      expectObservable(evacuation$({ connections, unhealthy$, spread: 100, random: () => 0.5, scheduler })).toBe('-');
      at(200, () => expect(ended).to.deep.equal(['alice: peer ID overwritten by new connection']));
    }),
  );

  it(
    'stops when it is unsubscribed',
    marbles(({ scheduler, hot, expectObservable }) => {
      const { connections, ended, connect } = setUp();
      connect(alice);
      const unhealthy$ = hot('u', values);
      const options = { connections, unhealthy$, spread: 100, random: () => 0.5, scheduler };
      expectObservable(evacuation$(options), '^ 40ms !').toBe('-');
      onTime(scheduler)(200, () => expect(ended).to.deep.equal([]));
    }),
  );
});
