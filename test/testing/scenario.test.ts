import { filter, firstValueFrom } from 'rxjs';
import type { Coordinator } from '../../src/api.js';
import { createCoordinator } from '../../src/coordinator.js';
import { alice, bob, memoryDatabase, testPeer, type MemoryDatabase, type TestPeer } from '../../src/testing/index.js';

describe('a scenario of test peers at two coordinators that share memory', () => {
  let database: MemoryDatabase;
  let coordinators: Coordinator[];
  let alices: TestPeer;
  let bobs: TestPeer;

  beforeEach(async () => {
    database = memoryDatabase();
    const [north, south] = [createCoordinator({ database }), createCoordinator({ database })];
    coordinators = [north, south];
    alices = testPeer(north, alice);
    bobs = testPeer(south, bob);
    alices.addTunnel(bob);
    alices.updateDerp(1);
    bobs.updateDerp(2);
    await alices.eventuallyHasDerp(bob, 2);
    await bobs.eventuallyHasDerp(alice, 1);
  });

  afterEach(() => Promise.all(coordinators.map((coordinator) => coordinator.close())));

  it('a peer that disconnects is seen disconnected', async () => {
    await bobs.disconnect();
    await alices.eventuallyDisconnected(bob);
    await alices.neverSees(bob, 'lost');
  });

  it('a peer that drops its connection is seen lost', async () => {
    bobs.drop();
    await alices.eventuallyLost(bob);
    await alices.neverSees(bob, 'disconnected');
  });

  it('a peer that ends its requests is seen lost', async () => {
    bobs.endRequests();
    await alices.eventuallyLost(bob);
  });

  it('a handshake is announced, and refused between strangers', async () => {
    bobs.readyForHandshake(alice);
    await alices.eventuallyReadyForHandshake(bob);
    alices.removeTunnel(bob);
    await bobs.eventuallyDisconnected(alice);
    bobs.readyForHandshake(alice);
    await bobs.eventuallyError(`you do not share a tunnel with "${alice}"`);
    await bobs.neverClosed();
  });

  it('a change that was not announced is heard of after a gap', async () => {
    database.faults.dropNotifications();
    const written = firstValueFrom(database.faults.calls$.pipe(filter(({ method }) => method === 'writeBindings')));
    bobs.updateDerp(3);
    await written;
    await alices.neverHasDerp(bob, 3);
    database.faults.recover();
    database.faults.gap();
    await alices.eventuallyHasDerp(bob, 3);
  });

  it('a coordinator that closes tells its peers', async () => {
    const closed = bobs.eventuallyClosed('coordinator closed');
    await coordinators[1]?.close();
    await closed;
    await alices.eventuallyLost(bob);
  });
});
