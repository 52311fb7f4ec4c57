import { expect } from 'chai';
import type { Uuid } from '../../src/db/store.js';
import { alice, bob, carol, dave, testPeer, type TestPeer } from '../../src/testing/index.js';
import { testDatabase, type TestDatabase } from '../support/testDatabase.js';
import { coordinatorProcess, type CoordinatorProcess } from './coordinatorProcess.js';
import { overWebSocket, type RemoteCoordinator, type Subprotocol } from './overWebSocket.js';

/** Silence after which others take a coordinator for gone, in milliseconds, and how late they may be to say so. */
const expiry = 6_000;
const heartbeatPeriod = 2_000;

describe('coordinators that are processes of their own, over one database', function () {
  this.timeout(60_000);

  let database: TestDatabase;
  const running = new Set<CoordinatorProcess>();
  const peers: TestPeer[] = [];

  const start = (): CoordinatorProcess => {
    const coordinator = coordinatorProcess(database.url);
    running.add(coordinator);
    return coordinator;
  };

  const remote = async (coordinator: CoordinatorProcess, subprotocol: Subprotocol): Promise<RemoteCoordinator> =>
    overWebSocket((await coordinator.listening).url, subprotocol);

  const peer = (coordinator: RemoteCoordinator, id: Uuid): TestPeer => {
    const connected = testPeer(coordinator, id, { timeout: 20_000 });
    peers.push(connected);
    return connected;
  };

  const diesOf = async (coordinator: CoordinatorProcess, signal: NodeJS.Signals): Promise<number | NodeJS.Signals> => {
    running.delete(coordinator);
    coordinator.signal(signal);
    return coordinator.ended;
  };

  afterEach('nobody ends by the fault of another', async () => {
    for (const connected of peers.splice(0)) connected.drop();
    const dead = [...running].filter(({ isRunning }) => !isRunning).map((coordinator) => coordinator.log());
    await Promise.all([...running].map((coordinator) => coordinator[Symbol.asyncDispose]()));
    running.clear();
    await database.drop();
    expect(dead, 'coordinators that ended by themselves').to.deep.equal([]);
  });

  // Not migrated: that is theirs to do.
  beforeEach(async () => (database = await testDatabase()));

  it('start together on an empty database, and show peers of either subprotocol to each other', async () => {
    const [first, second, third] = [start(), start(), start()];
    const alices = peer(await remote(first, 'tailnet.v2.proto'), alice);
    const bobs = peer(await remote(second, 'tailnet.v2.json'), bob);
    const carols = peer(await remote(third, 'tailnet.v2.proto'), carol);
    alices.addTunnel(bob);
    alices.addTunnel(carol);
    alices.updateDerp(1);
    bobs.updateDerp(2);
    carols.updateDerp(3);
    await Promise.all([
      alices.eventuallyHasDerp(bob, 2),
      alices.eventuallyHasDerp(carol, 3),
      bobs.eventuallyHasDerp(alice, 1),
      carols.eventuallyHasDerp(alice, 1),
    ]);
    bobs.readyForHandshake(alice);
    await alices.eventuallyReadyForHandshake(bob);
    await bobs.disconnect();
    await alices.eventuallyDisconnected(bob);
    const ids = await Promise.all([first, second, third].map(async ({ listening }) => (await listening).coordinatorId));
    expect(new Set(ids).size).to.equal(3);
  });

  it('call the peers of one that is killed lost, in time, and find them again when they come back elsewhere', async () => {
    const [doomed, second, third] = [start(), start(), start()];
    const bobs = peer(await remote(doomed, 'tailnet.v2.proto'), bob);
    const alices = peer(await remote(second, 'tailnet.v2.json'), alice);
    const carols = peer(await remote(third, 'tailnet.v2.proto'), carol);
    bobs.updateDerp(2);
    for (const watcher of [alices, carols]) {
      watcher.addTunnel(bob);
      await watcher.eventuallyHasDerp(bob, 2);
    }

    const killedAt = performance.now();
    expect(await diesOf(doomed, 'SIGKILL')).to.equal('SIGKILL');
    await bobs.eventuallyClosed();
    await alices.eventuallyLost(bob);
    const silence = performance.now() - killedAt;
    // Its last heartbeat was up to one period old.
    expect(silence).to.be.within(expiry - heartbeatPeriod - 250, expiry + 3_000);
    await carols.eventuallyLost(bob);

    const again = peer(await remote(third, 'tailnet.v2.json'), bob);
    again.updateDerp(3);
    await Promise.all([alices.eventuallyHasDerp(bob, 3), carols.eventuallyHasDerp(bob, 3)]);
    await Promise.all([alices.neverSees(bob, 'disconnected'), carols.neverSees(bob, 'disconnected')]);
    expect(alices.seen.log.map((line) => line.replace(/ derp.*\(/, ' ('))).to.deep.equal([
      'bob NODE (new)',
      'bob LOST (lost)',
      'bob NODE (found)',
    ]);
  });

  it('survive that one of them stands still for longer than others wait, and are all as before', async () => {
    const [frozen, other] = [start(), start()];
    const bobs = peer(await remote(frozen, 'tailnet.v2.proto'), bob);
    const alices = peer(await remote(other, 'tailnet.v2.proto'), alice);
    alices.addTunnel(bob);
    alices.updateDerp(1);
    bobs.updateDerp(2);
    await Promise.all([alices.eventuallyHasDerp(bob, 2), bobs.eventuallyHasDerp(alice, 1)]);

    frozen.signal('SIGSTOP');
    await alices.eventuallyLost(bob);
    alices.updateDerp(11);
    frozen.signal('SIGCONT');
    // Nobody does anything: that it lives again is enough.
    await alices.eventuallyHasDerp(bob, 2);
    await bobs.eventuallyHasDerp(alice, 11);
    bobs.updateDerp(3);
    await alices.eventuallyHasDerp(bob, 3);
    await Promise.all([alices.neverSees(bob, 'disconnected'), bobs.neverSees(alice, 'disconnected')]);
    // It woke up without having heard of the other for just as long, and that is no reason to give the other up.
    await bobs.neverSees(alice, 'lost');
    await bobs.neverClosed();
  });

  it('drain on SIGTERM: peers are told, others see them lost, and the process ends well', async () => {
    const [leaving, staying] = [start(), start()];
    const [proto, json] = [await remote(leaving, 'tailnet.v2.proto'), await remote(leaving, 'tailnet.v2.json')];
    const bobs = peer(proto, bob);
    const daves = peer(json, dave);
    const alices = peer(await remote(staying, 'tailnet.v2.proto'), alice);
    for (const [connected, derp] of [
      [bobs, 2],
      [daves, 4],
    ] as const) {
      connected.updateDerp(derp);
      alices.addTunnel(connected.id);
      await alices.eventuallyHasDerp(connected.id, derp);
    }

    const ended = diesOf(leaving, 'SIGTERM');
    await Promise.all([bobs, daves].map((connected) => connected.eventuallyClosed('coordinator closed')));
    expect([...proto.closeCodes, ...json.closeCodes]).to.deep.equal([1001, 1001]);
    await Promise.all([alices.eventuallyLost(bob), alices.eventuallyLost(dave)]);
    expect(await ended).to.equal(0);
    await Promise.all([alices.neverSees(bob, 'disconnected'), alices.neverSees(dave, 'disconnected')]);

    const again = peer(await remote(staying, 'tailnet.v2.proto'), bob);
    again.updateDerp(5);
    await alices.eventuallyHasDerp(bob, 5);
  });
});
