import { expect } from 'chai';
import { VirtualTimeScheduler } from 'rxjs';
import { ResponseWriter } from '../../src/gateways/responseWriter.js';
import { SendingTurns } from '../../src/gateways/sendingTurns.js';
import { chooseSubprotocol } from '../../src/gateways/subprotocols.js';
import { errorResponse } from '../../src/proto/responses.js';

const proto = chooseSubprotocol(undefined);

/** A writer on a wire that takes everything, of which only so much waits as the test says. */
const setUp = () => {
  const scheduler = new VirtualTimeScheduler();
  const turns = new SendingTurns(scheduler);
  const sent: unknown[] = [];
  const wire = {
    ...{ bytesRead: 0, isOpen: true, bufferedAmount: 0, isFull: false },
    ...{ pause: () => {}, resume: () => {}, close: () => {} },
    send: (message: unknown) => void sent.push(message),
  };
  const writer = new ResponseWriter(wire, proto, turns);
  const ready: boolean[] = [];
  writer.ready$.subscribe((isReady) => ready.push(isReady));
  const useUpTurn = () => {
    const others = { takeTurn: () => undefined };
    while (turns.admits(others));
  };
  const nextTurn = () => {
    const action = scheduler.actions.shift();
    action?.execute(action.state, action.delay);
  };
  return { writer, wire, sent, ready, useUpTurn, nextTurn };
};

describe('ResponseWriter', () => {
  it('is behind, and not ready, while something waits for its turn', () => {
    const { writer, sent, ready, useUpTurn, nextTurn } = setUp();
    useUpTurn();
    writer.send(errorResponse('one'));
    expect({ sent: sent.length, behind: writer.isBehind, ready: ready.at(-1) }).to.deep.equal({
      ...{ sent: 0, behind: true, ready: false },
    });
    // The wire knows nothing of what was not given to it.
    writer.drained();
    expect(ready.at(-1)).to.equal(false);
    nextTurn();
    expect({ sent: sent.length, behind: writer.isBehind, ready: ready.at(-1) }).to.deep.equal({
      ...{ sent: 1, behind: false, ready: true },
    });
  });

  it('has a turn for each message that waits', () => {
    const { writer, sent, useUpTurn, nextTurn } = setUp();
    useUpTurn();
    for (let index = 0; index < 200; index++) writer.send(errorResponse(String(index)));
    nextTurn();
    expect(sent.length).to.be.within(1, 125);
    nextTurn();
    expect(sent).to.have.lengthOf(200);
  });

  it('is not ready after its turn while the wire is full', () => {
    const { writer, wire, ready, useUpTurn, nextTurn } = setUp();
    useUpTurn();
    writer.send(errorResponse('one'));
    wire.isFull = true;
    nextTurn();
    expect(ready.at(-1)).to.equal(false);
    wire.isFull = false;
    writer.drained();
    expect(ready.at(-1)).to.equal(true);
  });

  it('encodes once what is frozen, and anew what may have changed', () => {
    const frozen = Object.freeze(errorResponse('the same for all'));
    expect(proto.encode(frozen)).to.equal(proto.encode(frozen));
    const loose = errorResponse('before');
    const before = proto.encode(loose);
    loose.error = 'after';
    expect(proto.encode(loose)).to.not.deep.equal(before);
  });
});
