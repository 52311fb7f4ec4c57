import { expect } from 'chai';
import { type Connection, Connections } from '../../src/streams/connections.js';
import type { Uuid } from '../../src/db/store.js';
import { peersChanged } from '../../src/streams/changes.js';
import { alice, bob, carol } from '../../src/testing/index.js';

/** A connection that keeps everything that it hears. */
const listening = (id: Uuid): Connection & { readonly heard: readonly string[] } => {
  const heard: string[] = [];
  return {
    id,
    heard,
    tell: ({ peers }) => void heard.push(...peers),
    end: (reason) => void heard.push(reason),
  };
};

describe('Connections', () => {
  it('has a connection from when it is opened until it is closed', () => {
    const connections = new Connections();
    expect(connections.has(alice)).to.equal(false);
    const connection = listening(alice);
    connections.open(connection);
    expect([connections.has(alice), connections.has(bob), connections.size]).to.deep.equal([true, false, 1]);
    expect(connections.all()).to.deep.equal([connection]);

    expect(connections.close(connection)).to.equal(true);
    expect([connections.has(alice), connections.size]).to.deep.equal([false, 0]);
    expect(connections.all()).to.deep.equal([]);
  });

  it('posts to whom it concerns, and to nobody who is not there', () => {
    const connections = new Connections();
    const [toAlice, toBob] = [listening(alice), listening(bob)];
    [toAlice, toBob].forEach((connection) => connections.open(connection));
    connections.post(alice, peersChanged([carol]));
    connections.post(carol, peersChanged([bob]));
    expect(toAlice.heard).to.deep.equal([carol]);
    expect(toBob.heard).to.deep.equal([]);
  });

  it('ends the older connection of a peer with a reason, and posts to the newer one from then on', () => {
    const connections = new Connections();
    const [older, newer, toBob] = [listening(alice), listening(alice), listening(bob)];
    [older, toBob, newer].forEach((connection) => connections.open(connection));
    expect(older.heard).to.deep.equal(['peer ID overwritten by new connection']);

    connections.post(alice, peersChanged([carol]));
    expect(newer.heard).to.deep.equal([carol]);
    expect(older.heard).to.have.length(1);
    expect(toBob.heard).to.deep.equal([]);
    expect(connections.size).to.equal(2);
  });

  it('has the newer one in place when it ends the older one, which may leave at once', () => {
    const connections = new Connections();
    const answers: boolean[] = [];
    const older: Connection = {
      ...listening(alice),
      end: () => void answers.push(connections.close(older), connections.has(alice)),
    };
    connections.open(older);
    connections.open(listening(alice));
    expect(answers).to.deep.equal([false, true]);
  });

  it('says which of a peer’s connections was the newest when they are closed', () => {
    const connections = new Connections();
    const [first, second, third] = [listening(alice), listening(alice), listening(alice)];
    [first, second, third].forEach((connection) => connections.open(connection));
    expect(connections.close(second)).to.equal(false);
    expect(connections.close(third)).to.equal(true);
    expect(connections.close(third)).to.equal(false);
    expect(connections.close(first)).to.equal(false);
    expect(connections.size).to.equal(0);
  });

  it('lists those that are there now: who comes or goes during a round does not change it', () => {
    const connections = new Connections();
    const [a, b] = [listening(alice), listening(bob)];
    [a, b].forEach((connection) => connections.open(connection));
    const all = connections.all();
    connections.close(a);
    connections.open(listening(carol));
    expect(all).to.deep.equal([a, b]);
  });
});
