import { expect } from 'chai';
import { composeBindingHint, readBindingHint } from '../../src/db/bindingHint.js';
import { hidden, secretsFrom } from '../../src/db/postgres/hintSeal.js';
import { alice, bob, carol, dave, eve, north } from '../../src/testing/index.js';

const write = (peerId: string, length: number) => ({
  peerId,
  node: Uint8Array.from({ length }, (_, index) => index % 256),
});

const compose = (...writes: readonly ReturnType<typeof write>[]): string => composeBindingHint(north, writes) ?? 'none';

describe('binding hints', () => {
  it('say of one coordinator which nodes it wrote, and when', () => {
    const hint = readBindingHint(`1764230400000001,${compose(write(alice, 300), write(bob, 0))}`);
    expect(hint).to.deep.include({ updatedAt: 1764230400000001, coordinatorId: north });
    const nodes = hint?.nodes.map(({ peerId, base64 }) => ({
      peerId,
      node: Uint8Array.from(Buffer.from(base64, 'base64')),
    }));
    expect(nodes).to.deep.equal([write(alice, 300), write(bob, 0)]);
  });

  it('are as long as PostgreSQL takes once they are sealed, and no longer', () => {
    const size = [...Array(6000).keys()].findLast((length) => compose(write(alice, length)) !== 'none') ?? 0;
    const sent = `${'f'.repeat(64)},-9007199254740991,${hidden(secretsFrom(Buffer.of(1)), compose(write(alice, size)))}`;
    expect(sent.length).to.be.within(7900, 7999);
    expect(compose(write(alice, 100_000))).to.equal('none');
    expect(compose(write(alice, size / 2), write(bob, size / 2)), 'together').to.equal('none');
  });

  it('are for few, and not for none', () => {
    expect(compose()).to.equal('none');
    expect(compose(...[alice, bob, carol, dave].map((id) => write(id, 1)))).not.to.equal('none');
    expect(compose(...[alice, bob, carol, dave, eve].map((id) => write(id, 1)))).to.equal('none');
  });

  it('keep out what lies beside a node in memory', () => {
    const node = Uint8Array.from([1, 2, 3, 4]).subarray(1, 3);
    expect(composeBindingHint(north, [{ peerId: alice, node }])).to.equal(`${north},${alice},AgM=`);
  });

  it('are no hints when anything in them is wrong', () => {
    const good = `1,${north},${alice},AgM=`;
    expect(readBindingHint(good)).not.to.equal(undefined);
    for (const bad of [
      ...['', ',', `,${north},${alice},AgM=`, `x,${north},${alice},AgM=`, `1.5,${north},${alice},AgM=`],
      ...[`1,north,${alice},AgM=`, `1,${north},alice,AgM=`, `1,${north}`, `1,${north},${alice}`, `${good},${bob}`],
      `99999999999999999999,${north},${alice},AgM=`,
    ]) {
      expect(readBindingHint(bad), bad).to.equal(undefined);
    }
  });
});
