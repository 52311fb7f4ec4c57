import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { alice, bob, dave } from '../../src/testing/index.js';
import { coordinatorProgram } from '../processes/coordinatorProcess.js';
import { query } from '../support/query.js';
import { testDatabase } from '../support/testDatabase.js';
import { heartbeatOf } from './heartbeatOf.js';
import { expectUnharmed, openMesh } from './mesh.js';
import type { SteadyPeer } from './steadyPeer.js';
import { seconds, together, waits } from './together.js';

const stallingCoordinator = fileURLToPath(new URL('./stallingCoordinator.ts', import.meta.url));

/** What one was told of another, in order, without repetitions. */
const kindsOf = (peer: SteadyPeer, other: string): readonly string[] => {
  const kinds: readonly string[] = peer.seen.historyOf(other).map(({ kind }) => kind);
  return kinds.filter((kind, index) => kind !== kinds[index - 1]);
};

together('a process with a coordinator', () => {
  waits('is killed: its peers go on elsewhere before anybody calls them lost', 10, async (arrange) => {
    await using database = await arrange(testDatabase);
    await using mesh = await arrange(() => openMesh(database.url, database.url));
    const { coordinatorId } = (await mesh.coordinators[1]?.listening) ?? {};
    await mesh.end(1, 'SIGKILL');
    const since = performance.now();
    mesh.update(2);
    await mesh.heard(2);
    const took = performance.now() - since;
    await mesh.coordinators[0]?.logs(`"silent":["${String(coordinatorId)}"]`);
    mesh.update(3);
    await mesh.heard(3);
    expect(mesh.told('disconnected')).to.deep.equal([]);
    expect(mesh.told('lost')).to.deep.equal([]);
    return seconds(took);
  });

  waits('stands still for 3 s: nobody notices', 3, async (arrange) => {
    await using database = await arrange(testDatabase);
    await using mesh = await arrange(() => openMesh(database.url, database.url));
    const { coordinatorId } = (await mesh.coordinators[1]?.listening) ?? {};
    // From its last heartbeat to the next it is then silent for three seconds, and not for up to five, of the six it has.
    await heartbeatOf(database.url, String(coordinatorId));
    mesh.coordinators[1]?.signal('SIGSTOP');
    mesh.update(2);
    await delay(3_000);
    mesh.coordinators[1]?.signal('SIGCONT');
    const took = await mesh.heard(2);
    // Had anybody been given up, that would be known by the next heartbeat but one.
    await delay(4_000);
    expectUnharmed(mesh, 'lost');
    return seconds(took);
  });

  waits('stands still until it is called lost, and its rows are removed: it writes them again', 9, async (arrange) => {
    await using database = await arrange(testDatabase);
    await using mesh = await arrange(() => openMesh(database.url, database.url));
    const { coordinatorId } = (await mesh.coordinators[1]?.listening) ?? {};
    mesh.coordinators[1]?.signal('SIGSTOP');
    await mesh.alice.eventuallyHears(bob, 'lost');
    await delay(1_000);
    // As the cleanup of another does after a day.
    await query(database.url, 'delete from tailnet_coordinators where id = $1', [coordinatorId]);
    mesh.coordinators[1]?.signal('SIGCONT');
    // Bob says nothing: that his coordinator goes on is enough.
    const took = await mesh.alice.eventuallySees(bob, 11);
    mesh.update(2);
    await mesh.heard(2);
    expect(kindsOf(mesh.alice, bob)).to.deep.equal(['node', 'lost', 'node']);
    // It woke up without having heard of the other for just as long, and that is no reason to give the other up.
    expect(kindsOf(mesh.bob, alice)).to.deep.equal(['node']);
    expect(mesh.ends()).to.deep.equal([]);
    return seconds(took);
  });

  waits('stands still for a minute: who stayed is back with it, and who moved stays moved', 65, async (arrange) => {
    await using database = await arrange(testDatabase);
    await using mesh = await arrange(() => openMesh(database.url, database.url));
    const daves = mesh.peer(dave, 1, alice);
    daves.updateDerp(40);
    await mesh.alice.eventuallySees(dave, 40);
    mesh.coordinators[1]?.signal('SIGSTOP');
    const end = delay(60_000);
    mesh.bob.moveTo(0);
    mesh.update(2);
    daves.updateDerp(41);
    await mesh.heard(2);
    await mesh.alice.eventuallyHears(dave, 'lost');
    await end;
    mesh.coordinators[1]?.signal('SIGCONT');
    const took = await mesh.alice.eventuallySees(dave, 41);
    // Bob's connection there is known to be broken by now; what follows from that must not reach those who see him.
    await delay(3_000);
    mesh.update(3);
    await Promise.all([mesh.heard(3), daves.eventuallySees(alice, 30)]);
    expect(kindsOf(mesh.alice, dave)).to.deep.equal(['node', 'lost', 'node']);
    expect(kindsOf(mesh.alice, bob)).to.deep.equal(['node']);
    expect(kindsOf(mesh.carol, bob)).to.deep.equal(['node']);
    expect(kindsOf(daves, alice)).to.deep.equal(['node']);
    expect(mesh.ends()).to.deep.equal([]);
    return seconds(took);
  });

  waits('blocks its own event loop for 10 s: it is called lost, and calls nobody lost itself', 15, async (arrange) => {
    await using database = await arrange(testDatabase);
    await using mesh = await arrange(async () =>
      openMesh(database.url, coordinatorProgram(['--import', 'tsx', stallingCoordinator, database.url, '10000'])),
    );
    mesh.coordinators[1]?.signal('SIGUSR2');
    await mesh.coordinators[1]?.logs('stalling');
    mesh.update(2);
    await mesh.alice.eventuallyHears(bob, 'lost');
    await mesh.coordinators[1]?.logs('going on');
    const took = await mesh.heard(2);
    mesh.update(3);
    await mesh.heard(3);
    expect(kindsOf(mesh.alice, bob)).to.deep.equal(['node', 'lost', 'node']);
    expect(kindsOf(mesh.bob, alice)).to.deep.equal(['node']);
    expect(mesh.ends()).to.deep.equal([]);
    return seconds(took);
  });
});
