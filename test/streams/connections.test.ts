import { expect } from 'chai';
import { type Connection, Connections } from '../../src/streams/connections.js';
import { peersChanged } from '../../src/streams/changes.js';
import { alice, bob, carol } from '../../src/testing/index.js';

/** Everything that a connection hears. */
const heardBy = ({ changes$, ending$ }: Connection): readonly string[] => {
  const heard: string[] = [];
  changes$.subscribe(({ peers }) => heard.push(...peers));
  ending$.subscribe((reason) => heard.push(reason));
  return heard;
};

describe('Connections', () => {
  it('has a connection from when it is opened until it is closed', () => {
    const connections = new Connections();
    expect(connections.has(alice)).to.equal(false);
    const connection = connections.open(alice);
    expect(connection.peerId).to.equal(alice);
    expect([connections.has(alice), connections.has(bob), connections.size]).to.deep.equal([true, false, 1]);
    expect(connections.all()).to.deep.equal([connection]);

    expect(connections.close(connection)).to.equal(true);
    expect([connections.has(alice), connections.size]).to.deep.equal([false, 0]);
    expect(connections.all()).to.deep.equal([]);
  });

  it('posts to whom it concerns, and to nobody who is not there', () => {
    const connections = new Connections();
    const [toAlice, toBob] = [heardBy(connections.open(alice)), heardBy(connections.open(bob))];
    connections.post(alice, peersChanged([carol]));
    connections.post(carol, peersChanged([bob]));
    expect(toAlice).to.deep.equal([carol]);
    expect(toBob).to.deep.equal([]);
  });

  it('ends the older connection of a peer with a reason, and posts to the newer one from then on', () => {
    const connections = new Connections();
    const older = connections.open(alice);
    const toOlder = heardBy(older);
    const toBob = heardBy(connections.open(bob));
    const newer = connections.open(alice);
    const toNewer = heardBy(newer);
    expect(toOlder).to.deep.equal(['peer ID overwritten by new connection']);

    connections.post(alice, peersChanged([carol]));
    expect(toNewer).to.deep.equal([carol]);
    expect(toOlder).to.have.length(1);
    expect(toBob).to.deep.equal([]);
    expect(connections.size).to.equal(2);
  });

  it('has the newer one in place when it ends the older one, which may leave at once', () => {
    const connections = new Connections();
    const older = connections.open(alice);
    const answers: boolean[] = [];
    older.ending$.subscribe(() => answers.push(connections.close(older), connections.has(alice)));
    connections.open(alice);
    expect(answers).to.deep.equal([false, true]);
  });

  it('says which of a peer’s connections was the newest when they are closed', () => {
    const connections = new Connections();
    const [first, second, third] = [connections.open(alice), connections.open(alice), connections.open(alice)];
    expect(connections.close(second)).to.equal(false);
    expect(connections.close(third)).to.equal(true);
    expect(connections.close(third)).to.equal(false);
    expect(connections.close(first)).to.equal(false);
    expect(connections.size).to.equal(0);
  });

  it('lists those that are there now: who comes or goes during a round does not change it', () => {
    const connections = new Connections();
    const [a, b] = [connections.open(alice), connections.open(bob)];
    const all = connections.all();
    connections.close(a);
    connections.open(carol);
    expect(all).to.deep.equal([a, b]);
  });
});
