import { expect } from 'chai';
import { lastOf } from '../../src/testing/contracts/lastOf.js';
import { natsBus } from '../../src/db/nats/index.js';
import { createCoordinator, postgresDatabase, type Coordinator } from '../../src/index.js';
import { alice, bob, carol, testPeer } from '../../src/testing/index.js';
import { pino } from 'pino';
import { runCommand, type RunningProgram } from '../cli/childProcess.js';
import { overWebSocket } from '../processes/overWebSocket.js';
import { migratedDatabase, type TestDatabase } from '../support/testDatabase.js';
import { startNatsServer, type NatsServer } from './natsServer.js';

const serve = (...words: readonly string[]): RunningProgram =>
  runCommand(['serve', '--port', '0', '--grpc-port', 'none', '--drain-time', '0', ...words]);

/** Where peers connect. */
const remote = async (server: RunningProgram) => {
  const { http } = JSON.parse(await server.line((line) => line.includes('"msg":"listening"'))) as { http: string };
  return overWebSocket(http, 'tailnet.v2.proto');
};

/** What nobody announces is read 30 s later at most, after it was noticed that others are not heard. */
const slow = { timeout: 60_000 };

describe('coordinators over NATS', function () {
  this.timeout(120_000);

  let database: TestDatabase;
  let nats: NatsServer;
  beforeEach(async () => {
    database = await migratedDatabase();
    nats = await startNatsServer();
  });
  afterEach(async () => {
    await nats.stop();
    await database.drop();
  });

  it('show peers to each other as two processes, whose peers stay while the server of NATS is away, and hear what they missed', async () => {
    const words = ['--database-url', database.url, '--bus', `nats://user:secret@${nats.host}/mesh`];
    await using first = serve(...words);
    await using second = serve(...words);
    const [alices, bobs] = [testPeer(await remote(first), alice, slow), testPeer(await remote(second), bob, slow)];
    alices.addTunnel(bob);
    alices.updateDerp(1);
    bobs.updateDerp(2);
    await alices.eventuallyHasDerp(bob, 2);
    await bobs.eventuallyHasDerp(alice, 1);
    bobs.readyForHandshake(alice);
    await alices.eventuallyReadyForHandshake(bob);

    const outage = (async () => {
      await nats.stop();
      for (const server of [first, second]) await server.line((line) => line.includes('not connected to NATS'));
      bobs.updateDerp(3);
      // Meanwhile it is noticed that the other one is not heard, and everything is read again now and then.
      await alices.eventuallyHasDerp(bob, 3);
      await first.line((line) => line.includes('live coordinators are not heard'));
      bobs.updateDerp(4);
      await nats.start();
      for (const server of [first, second]) await server.line((line) => line.includes('connected to NATS again'));
      await alices.eventuallyHasDerp(bob, 4);
      await first.line((line) => line.includes('all live coordinators are heard'));
      bobs.updateDerp(5);
      await alices.eventuallyHasDerp(bob, 5);
    })();
    await Promise.all([
      ...(['lost', 'disconnected'] as const).map((kind) => alices.neverSees(bob, kind, outage)),
      ...[alices, bobs].map((peer) => peer.neverClosed(outage)),
      outage,
    ]);

    await bobs.disconnect();
    await alices.eventuallyDisconnected(bob);
    const other = testPeer(await remote(second), carol, slow);
    alices.addTunnel(carol);
    other.updateDerp(6);
    await alices.eventuallyHasDerp(carol, 6);
    second.signal('SIGKILL');
    await alices.eventuallyLost(carol);
    alices.drop();
    first.signal('SIGTERM');
    expect(await first.ended).to.equal(0);
    expect([...first.lines, ...second.lines].join('\n')).not.to.contain('secret');
    expect(first.lines.join('\n')).to.contain(`"bus":"nats://${nats.host}/mesh"`);
  });

  it('mark their peers lost when they are stopped, and say so before they end', async () => {
    const words = ['--database-url', database.url, '--bus', `nats://${nats.host}`];
    await using first = serve(...words);
    await using second = serve(...words);
    const [alices, bobs] = [testPeer(await remote(first), alice, slow), testPeer(await remote(second), bob, slow)];
    alices.addTunnel(bob);
    bobs.updateDerp(2);
    await alices.eventuallyHasDerp(bob, 2);
    second.signal('SIGTERM');
    await alices.eventuallyLost(bob);
    expect(await second.ended).to.equal(0);
    alices.drop();
  });

  it('are not taken for gone by one that uses another bus, which says that it does not hear them, and sees their peers late', async () => {
    const saying = new Set<unknown>();
    let resolveBoth: () => void;
    const bothSaySo = new Promise<void>((resolve) => (resolveBoth = resolve));
    const write = (line: string) => {
      const said = JSON.parse(line) as Readonly<Record<string, unknown>>;
      if (said['msg'] !== 'live coordinators are not heard; do all use the same bus?') return;
      if (saying.add(said['coordinator_id']).size === 2) resolveBoth();
    };
    const logger = pino({ base: null }, { write });
    const bus = natsBus(`nats://${nats.host}`);
    const wires = [postgresDatabase(database.url), postgresDatabase(database.url, { bus })];
    // Twice as fast as usual.
    const tuning = { heartbeatPeriod: 500, heartbeatTimeout: 400 };
    const [one, other] = wires.map((wire) => createCoordinator({ database: wire, logger, tuning })) as [
      Coordinator,
      Coordinator,
    ];
    const [alices, bobs] = [testPeer(one, alice, slow), testPeer(other, bob, slow)];
    alices.addTunnel(bob);
    bobs.updateDerp(1);
    await alices.eventuallyHasDerp(bob, 1);
    const late = (async () => {
      await bothSaySo;
      bobs.updateDerp(2);
      await alices.eventuallyHasDerp(bob, 2);
      alices.updateDerp(3);
      await bobs.eventuallyHasDerp(alice, 3);
    })();
    await Promise.all([alices.neverSees(bob, 'lost', late), bobs.neverSees(alice, 'lost', late), late]);
    await Promise.all([one.close(), other.close()]);
    for (const wire of wires) await lastOf(wire.close());
    await lastOf(bus.close());
  });
});
