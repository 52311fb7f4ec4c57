import { expect } from 'chai';
import { type HintedRows, composeBindingHint, readBindingHint } from '../../src/db/bindingHint.js';
import { hidden, secretsFrom } from '../../src/db/postgres/hintSeal.js';
import { alice, bob, carol, dave, eve, north } from '../../src/testing/index.js';

const write = (peerId: string, length: number) => ({
  peerId,
  node: Uint8Array.from({ length }, (_, index) => index % 256),
});

const compose = (...writes: readonly ReturnType<typeof write>[]) => composeBindingHint(north, writes);

const isHint = (plain: string): boolean => readBindingHint(plain, () => undefined) !== undefined;

const rowsIn = (plain: string, sealed: Uint8Array | undefined): HintedRows | undefined =>
  readBindingHint(plain, () => sealed)?.open();

describe('binding hints', () => {
  it('say of one coordinator which nodes it wrote, and when', () => {
    const writes = [write(alice, 300), write(bob, 0)];
    const { peers = '', rows } = compose(...writes) ?? {};
    expect(peers).to.equal(`${alice},${bob}`);
    expect(readBindingHint(`7,${peers.toUpperCase()}`, () => rows)?.peerIds).to.deep.equal([alice, bob]);
    const opened = rowsIn(`1764230400000001,${peers}`, rows);
    expect(opened).to.deep.include({ updatedAt: 1764230400000001, coordinatorId: north });
    expect(opened?.nodes.map((node) => Uint8Array.from(node))).to.deep.equal(writes.map(({ node }) => node));
  });

  it('are opened only when they are asked', () => {
    let opened = 0;
    const hint = readBindingHint(`1,${alice}`, () => {
      opened += 1;
      return undefined;
    });
    expect(opened).to.equal(0);
    expect(hint?.open()).to.equal(undefined);
    expect(opened).to.equal(1);
  });

  it('are as long as PostgreSQL takes once they are sealed, and no longer', () => {
    const fill = (length: number) => compose(...[alice, bob, carol].map((id) => write(id, 0)), write(dave, length));
    const size = [...Array(6000).keys()].findLast((length) => fill(length) !== undefined) ?? 0;
    const { peers = '', rows = Buffer.of() } = fill(size) ?? {};
    const sent = `${'f'.repeat(64)},-9007199254740991,${peers},${hidden(secretsFrom(Buffer.of(1)), rows)}`;
    expect(sent.length).to.be.within(7900, 7999);
    expect(compose(write(alice, 100_000))).to.equal(undefined);
    expect(compose(write(alice, size / 2), write(bob, size / 2 + 20)), 'together').to.equal(undefined);
  });

  it('are for few, and not for none', () => {
    expect(compose()).to.equal(undefined);
    expect(compose(...[alice, bob, carol, dave].map((id) => write(id, 1)))).not.to.equal(undefined);
    expect(compose(...[alice, bob, carol, dave, eve].map((id) => write(id, 1)))).to.equal(undefined);
  });

  it('keep out what lies beside a node in memory', () => {
    const node = Uint8Array.from([1, 2, 3, 4]).subarray(1, 3);
    const { rows } = composeBindingHint(north, [{ peerId: alice, node }]) ?? {};
    expect([...(rows ?? [])].slice(16)).to.deep.equal([0, 0, 0, 2, 2, 3]);
  });

  it('are no hints when anything that stands open is wrong', () => {
    expect(isHint(`1,${alice}`)).to.equal(true);
    for (const bad of [
      ...['', ',', '1', '1,', alice, `1,alice`, `1${alice}`, `1,${alice},`, `1,${alice},${bob}x`, `1,${alice}x`],
      ...[`1,${alice}-${bob}`, `1,${alice},${bob.slice(1)}!`],
    ]) {
      expect(isHint(bad), bad).to.equal(false);
    }
  });

  it('hold nothing when anything that was sealed is wrong, or the time', () => {
    const rows = Buffer.from(compose(write(alice, 3))?.rows ?? []);
    const none = Buffer.alloc(0);
    expect(rowsIn(`1,${alice}`, rows)?.nodes).to.have.length(1);
    expect(rowsIn(`1,${alice}`, undefined)).to.equal(undefined);
    for (const bad of [none, rows.subarray(0, 15), rows.subarray(0, 18), rows.subarray(0, -1)]) {
      expect(rowsIn(`1,${alice}`, bad), String(bad.length)).to.equal(undefined);
    }
    expect(rowsIn(`1,${alice}`, Buffer.concat([rows, Buffer.of(0)])), 'more').to.equal(undefined);
    expect(rowsIn(`1,${alice},${bob}`, rows), 'two peers').to.equal(undefined);
    expect(rowsIn(`1,${alice}`, rows.subarray(0, 16)), 'no node').to.equal(undefined);
    for (const time of ['', 'x', '1.5', '-1', '99999999999999999999']) {
      expect(rowsIn(`${time},${alice}`, rows), time).to.equal(undefined);
    }
  });
});
