import { expect } from 'chai';
import { VirtualTimeScheduler } from 'rxjs';
import { SendingTurns } from '../../src/gateways/sendingTurns.js';

/** Everybody who asks, each with one message; who sent in which turn. */
const broadcast = (senders: number) => {
  const scheduler = new VirtualTimeScheduler();
  const turns = new SendingTurns(scheduler);
  const sent: number[] = [];
  for (let sender = 0; sender < senders; sender++) {
    const waiting = {
      takeTurn: () => {
        sent.push(sender);
      },
    };
    if (turns.admits(waiting)) sent.push(sender);
  }
  /** Lets one turn pass; how many have sent by then. */
  const pass = (): number => {
    const action = scheduler.actions.shift();
    action?.execute(action.state, action.delay);
    return sent.length;
  };
  return { scheduler, turns, sent, pass };
};

describe('SendingTurns', () => {
  it('admits what is little at once, and is at rest a turn later', () => {
    const { scheduler, sent, pass } = broadcast(3);
    expect(sent).to.deep.equal([0, 1, 2]);
    pass();
    expect(scheduler.actions).to.deep.equal([]);
  });

  it('spreads what is much over turns, first come, first served', () => {
    const { sent, pass } = broadcast(300);
    expect(sent).to.have.lengthOf(125);
    expect([pass(), pass(), pass()]).to.deep.equal([250, 300, 300]);
    expect(sent).to.deep.equal(Array.from({ length: 300 }, (_, sender) => sender));
  });

  it('admits as many again in the next turn, though the one before was not used up', () => {
    const { turns, sent, pass } = broadcast(100);
    pass();
    for (let late = 0; late < 100; late++) {
      expect(turns.admits({ takeTurn: () => expect.fail('it had its turn') })).to.equal(true);
    }
    expect(sent).to.have.lengthOf(100);
  });

  it('counts those who have waited before those who come', () => {
    const { turns, pass } = broadcast(250);
    pass();
    const late = { takeTurn: () => undefined };
    expect(turns.admits(late)).to.equal(false);
    pass();
    expect(turns.admits(late)).to.equal(true);
  });

  it('asks somebody who waits once, however often he asked', () => {
    const { turns, pass } = broadcast(125);
    let asked = 0;
    const impatient = {
      takeTurn: () => {
        asked += 1;
      },
    };
    for (let time = 0; time < 10; time++) expect(turns.admits(impatient)).to.equal(false);
    pass();
    pass();
    expect(asked).to.equal(1);
  });
});
