import { expect } from 'chai';
import { composeBindingHint, readBindingHint } from '../../src/db/bindingHint.js';
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

  it('are as long as PostgreSQL takes, with the time, and no longer', () => {
    const lengthOf = (size: number) => compose(write(alice, size)).length;
    expect(compose(write(alice, 5868)), 'the longest').not.to.equal('none');
    expect(lengthOf(5868) + '-9007199254740991,'.length).to.be.below(8000);
    expect(compose(write(alice, 5869)), 'too long').to.equal('none');
    expect(compose(write(alice, 100_000))).to.equal('none');
    expect(compose(write(alice, 3000), write(bob, 3000)), 'together').to.equal('none');
  });

  it('are for few', () => {
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
