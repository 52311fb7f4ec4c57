import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { expect } from 'chai';
import { VirtualTimeScheduler } from 'rxjs';
import type { WebSocket } from 'ws';
import { ResponseWriter } from '../../src/gateways/responseWriter.js';
import { SendingTurns } from '../../src/gateways/sendingTurns.js';
import { chooseSubprotocol } from '../../src/gateways/subprotocols.js';
import { errorResponse } from '../../src/proto/responses.js';

const proto = chooseSubprotocol(undefined);

/** A writer on a socket that takes everything, of which only so much waits as the test says. */
const setUp = () => {
  const scheduler = new VirtualTimeScheduler();
  const turns = new SendingTurns(scheduler);
  const sent: unknown[] = [];
  const wire = { OPEN: 1, readyState: 1, bufferedAmount: 0, send: (message: unknown) => sent.push(message) };
  const socket = Object.assign(new EventEmitter(), { writableHighWaterMark: 16_384 });
  /* eslint-disable no-restricted-syntax -- the few members that are used */
  const writer = new ResponseWriter(wire as unknown as WebSocket, socket as unknown as Duplex, {
    ...{ subprotocol: proto, highWaterMark: 20_000, turns },
  });
  /* eslint-enable no-restricted-syntax */
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
  return { writer, wire, socket, sent, ready, useUpTurn, nextTurn };
};

describe('ResponseWriter', () => {
  it('is behind, and not ready, while something waits for its turn', () => {
    const { writer, socket, sent, ready, useUpTurn, nextTurn } = setUp();
    useUpTurn();
    writer.send(errorResponse('one'));
    expect({ sent: sent.length, behind: writer.isBehind, ready: ready.at(-1) }).to.deep.equal({
      ...{ sent: 0, behind: true, ready: false },
    });
    // The socket knows nothing of what was not given to it.
    socket.emit('drain');
    expect(ready.at(-1)).to.equal(false);
    nextTurn();
    expect({ sent: sent.length, behind: writer.isBehind, ready: ready.at(-1) }).to.deep.equal({
      ...{ sent: 1, behind: false, ready: true },
    });
  });

  it('has a turn for each message that waits', () => {
    const { writer, sent, useUpTurn, nextTurn } = setUp();
    useUpTurn();
    for (let index = 0; index < 400; index++) writer.send(errorResponse(String(index)));
    nextTurn();
    expect(sent.length).to.be.within(1, 250);
    nextTurn();
    expect(sent).to.have.lengthOf(400);
  });

  it('is not ready after its turn while the socket holds more than the mark', () => {
    const { writer, wire, socket, ready, useUpTurn, nextTurn } = setUp();
    useUpTurn();
    writer.send(errorResponse('one'));
    wire.bufferedAmount = 20_001;
    nextTurn();
    expect(ready.at(-1)).to.equal(false);
    wire.bufferedAmount = 0;
    socket.emit('drain');
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
