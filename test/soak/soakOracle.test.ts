import { expect } from 'chai';
import { alice, bob, carol, type Sighting } from '../../src/testing/index.js';
import { soakOracle, type SoakOracle } from './soakOracle.js';

const node = (derp: number): Sighting => ({ kind: 'node', derp });
const lost: Sighting = { kind: 'lost', derp: 1 };
const gone: Sighting = { kind: 'disconnected', derp: 1 };

/** Alice has a tunnel to bob; both are here, bob at derp 1. */
const two = (): SoakOracle => {
  const oracle = soakOracle();
  for (const id of [alice, bob]) oracle.came(id);
  oracle.opened(alice, bob);
  oracle.published(bob, 1);
  return oracle;
};

/** Which of these alice may have been told last of bob. */
const right = (oracle: SoakOracle, at = 0): readonly string[] =>
  Object.entries({ nothing: undefined, first: node(1), second: node(2), lost, gone })
    .filter(([, seen]) => oracle.complaint(alice, bob, seen, at) === undefined)
    .map(([name]) => name);

describe('the oracle of a soak', () => {
  it('wants of a peer that is here what it published last, whoever opened the tunnel', () => {
    const oracle = two();
    expect(right(oracle)).to.deep.equal(['first']);
    oracle.published(bob, 2);
    expect(right(oracle)).to.deep.equal(['second']);
    oracle.published(alice, 7);
    expect(oracle.complaint(bob, alice, node(7), 0)).to.equal(undefined);
    expect(oracle.complaint(bob, alice, undefined, 0)).to.equal(
      'was last told nothing and not that it is there at derp 7',
    );
  });

  it('wants nothing of who has published nothing, or shares no tunnel', () => {
    const oracle = soakOracle();
    for (const id of [alice, bob]) oracle.came(id);
    oracle.opened(alice, bob);
    expect(right(oracle)).to.deep.equal(['nothing', 'gone']);
    oracle.published(bob, 1);
    oracle.closed(alice, bob, 0);
    expect(right(oracle)).to.deep.equal(['nothing', 'gone']);
    expect(oracle.relation(alice, bob, 0)).to.equal('apart');
  });

  it('wants of a peer that is away that it is lost, or nothing, until it is back', () => {
    const oracle = two();
    oracle.wentAway(bob);
    expect(right(oracle)).to.deep.equal(['nothing', 'lost', 'gone']);
    oracle.came(bob);
    expect(right(oracle)).to.deep.equal(['first']);
  });

  it('knows nothing while a goodbye is on its way, and then that the peer and its tunnels are gone', () => {
    const oracle = two();
    oracle.opened(bob, carol);
    oracle.saysGoodbye(bob, 0);
    expect(right(oracle)).to.have.length(5);
    oracle.left(bob, 'second', 100);
    expect(right(oracle, 200)).to.deep.equal(['nothing', 'gone']);
    expect([...oracle.tunnelsOf(bob)]).to.deep.equal([]);
  });

  it('doubts a goodbye when the coordinator that took it ends at once, and no other', () => {
    const leave = (place: string, endedAt: number): SoakOracle => {
      const oracle = two();
      oracle.saysGoodbye(bob, 0);
      oracle.left(bob, 'second', 100);
      oracle.ended(place, endedAt);
      return oracle;
    };
    expect(right(leave('second', 200), 300)).to.deep.equal(['nothing', 'lost', 'gone']);
    expect(right(leave('third', 200), 300)).to.deep.equal(['nothing', 'gone']);
    expect(right(leave('second', 20_000), 20_100)).to.deep.equal(['nothing', 'gone']);
    expect(right(leave('second', 200), 200_000)).to.deep.equal(['nothing', 'gone']);
  });

  it('doubts the tunnels of a goodbye that may be lost, until they are opened again', () => {
    const oracle = soakOracle();
    for (const id of [alice, bob]) oracle.came(id);
    oracle.opened(bob, alice);
    oracle.saysGoodbye(bob, 0);
    oracle.left(bob, 'second', 100);
    oracle.ended('second', 200);
    oracle.came(bob);
    oracle.published(bob, 2);
    expect(oracle.relation(alice, bob, 300)).to.equal('doubtful');
    expect(right(oracle, 300)).to.deep.equal(['nothing', 'second', 'gone']);
    oracle.opened(bob, alice);
    expect(right(oracle, 300)).to.deep.equal(['second']);
  });

  it('knows why somebody may be told that another one is disconnected', () => {
    expect(two().mayBeToldGone(alice, bob, 0)).to.equal(false);
    const reasons: readonly ((oracle: SoakOracle) => void)[] = [
      (oracle) => oracle.closed(alice, bob, 0),
      (oracle) => oracle.closed(bob, alice, 0),
      (oracle) => oracle.saysGoodbye(bob, 0),
      (oracle) => oracle.rowsDeleted([bob], 0),
      (oracle) => oracle.rowsDeleted([alice], 0),
    ];
    for (const reason of reasons) {
      const oracle = two();
      reason(oracle);
      expect(oracle.mayBeToldGone(alice, bob, 1_000), String(reason)).to.equal(true);
      expect(oracle.mayBeToldGone(alice, bob, 100_000), String(reason)).to.equal(false);
    }
    const oracle = two();
    oracle.saysGoodbye(alice, 0);
    oracle.rowsDeleted([carol], 0);
    oracle.wentAway(bob);
    expect(oracle.mayBeToldGone(alice, bob, 1_000)).to.equal(false);
  });
});
