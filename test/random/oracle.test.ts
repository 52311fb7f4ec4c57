import { expect } from 'chai';
import { asyncScheduler, filter, firstValueFrom, timer } from 'rxjs';
import { memoryDatabase, withFaults } from '../../src/testing/index.js';
import { createWorld } from './world.js';

const alice = '00000000-0000-4000-8000-000000000001';
const bob = '00000000-0000-4000-8000-000000000002';
const carol = '00000000-0000-4000-8000-000000000003';

const until = (condition: () => boolean) => firstValueFrom(timer(0, 10).pipe(filter(condition)));

describe('the oracle of random peers', () => {
  it('knows that a goodbye on its way may take along, for a moment, a tunnel that is opened elsewhere', async () => {
    const memory = memoryDatabase();
    const world = createWorld({
      connect: () => withFaults(memory),
      scheduler: asyncScheduler,
      tuning: {},
      random: () => 0.5,
    });
    const [here, there, elsewhere] = world.sites;
    if (here === undefined || there === undefined || elsewhere === undefined) throw new Error('three sites are needed');
    try {
      world.update(world.connect(bob, elsewhere));
      const watcher = world.connect(carol, elsewhere);
      world.addTunnel(watcher, alice);
      const leaving = world.connect(alice, here);
      world.update(leaving);
      await until(() => watcher.seen.of(alice)?.kind === 'node');

      here.wire.faults.failNext('writeBindings', 1);
      world.sayGoodbye(leaving);
      // Its node comes after the goodbye, its tunnel before it.
      there.wire.faults.failNext('writeBindings', 2);
      const again = world.connect(alice, there);
      world.update(again);
      world.addTunnel(again, bob);

      await until(() => again.seen.historyOf(bob).length === 3);
      await until(() => watcher.seen.of(alice)?.kind === 'node');
      expect(again.seen.historyOf(bob).map(({ kind }) => kind)).to.deep.equal(['node', 'disconnected', 'node']);
      expect(world.complaints([alice, bob])).to.deep.equal([]);
    } finally {
      await world.end();
    }
  });
});
