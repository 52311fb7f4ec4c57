import { expect } from 'chai';
import { privateServer } from '../support/privateServer.js';
import { query } from '../support/query.js';
import { tcpProxy } from '../support/tcpProxy.js';
import { testDatabase } from '../support/testDatabase.js';
import { expectUnharmed, openMesh, type Mesh } from './mesh.js';
import { seconds, together, waits } from './together.js';

/**
 * What a coordinator logs of a connection that listens and is dead: by the check of the connection, or, should that
 * come late, by its own heartbeats. Before either it may read what others wrote of whom it hears nothing.
 */
const [deaf, recovered] = [/"not listening/, /"listening (to the database )?again"/];

const allLog = (mesh: Mesh, line: RegExp): Promise<unknown> =>
  Promise.all(mesh.coordinators.map((coordinator) => coordinator.logs(line)));

together('connections to the database', () => {
  waits('all are terminated, twenty times in a row, while peers update: nothing is lost', 10, async (arrange) => {
    await using database = await arrange(testDatabase);
    await using mesh = await arrange(() => openMesh(database.url, database.url));
    let slowest = 0;
    for (let round = 2; round < 22; round++) {
      mesh.update(round);
      await query(
        database.url,
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()`,
      );
      slowest = Math.max(slowest, await mesh.heard(round));
    }
    expectUnharmed(mesh, 'lost');
    return `each time within ${seconds(slowest)}`;
  });

  waits(
    'those that listen stand still, at the server: it is noticed, and what was missed is read',
    10,
    async (arrange) => {
      // The processes that are stopped have to be processes of this machine.
      await using server = await arrange(privateServer);
      await using mesh = await arrange(() => openMesh(server.url, server.url));
      const frozen = await query<{ pid: number }>(
        server.url,
        `select pid from pg_stat_activity where application_name = 'tailnet-coordinator listen'`,
      );
      expect(frozen).to.have.length(2);
      for (const { pid } of frozen) process.kill(pid, 'SIGSTOP');
      mesh.update(2);
      const took = await mesh.heard(2);
      await allLog(mesh, deaf);
      for (const { pid } of frozen) process.kill(pid, 'SIGCONT');
      mesh.update(3);
      await mesh.heard(3);
      expectUnharmed(mesh, 'lost');
      await allLog(mesh, recovered);
      return seconds(took);
    },
  );

  waits(
    'those that listen are silently dead, on the way: it is noticed, and what was missed is read',
    10,
    async (arrange) => {
      await using server = await arrange(privateServer);
      await using proxy = await tcpProxy(server.url);
      await using mesh = await arrange(() => openMesh(proxy.url, proxy.url));
      // New ones pass, as where a firewall has forgotten the old ones.
      proxy.setOpen('swallow', (greeting) => greeting.includes('tailnet-coordinator listen'));
      mesh.update(2);
      const took = await mesh.heard(2);
      await allLog(mesh, deaf);
      await allLog(mesh, recovered);
      expectUnharmed(mesh, 'lost');
      return seconds(took);
    },
  );

  waits('all of one coordinator are swallowed: its peers go elsewhere, and it recovers', 20, async (arrange) => {
    await using database = await arrange(testDatabase);
    await using proxy = await tcpProxy(database.url);
    await using mesh = await arrange(() => openMesh(database.url, proxy.url));
    proxy.set('swallow');
    const since = performance.now();
    // Of bob's coordinator nobody has heard for 6 s, and then it sends bob away.
    await mesh.bob.eventuallyEnds(1);
    mesh.update(2);
    await mesh.heard(2);
    const moved = performance.now() - since;
    expect(mesh.ends()).to.deep.equal(['bob: 1013 coordinator unhealthy']);
    proxy.set('pass');
    const back = performance.now();
    await mesh.coordinators[1]?.logs('"health":"healthy"', 2);
    const recovery = performance.now() - back;
    mesh.bob.moveTo(1);
    mesh.update(3);
    await mesh.heard(3);
    expect(mesh.told('disconnected')).to.deep.equal([]);
    return `moved after ${seconds(moved)}, recovered in ${seconds(recovery)}`;
  });

  waits('all are slow, 200 ms each way: updates are late, and nothing else happens', 10, async (arrange) => {
    await using database = await arrange(testDatabase);
    await using proxy = await tcpProxy(database.url);
    await using mesh = await arrange(() => openMesh(proxy.url, proxy.url));
    proxy.set({ delay: 200 });
    let slowest = 0;
    for (let round = 2; round < 8; round++) {
      mesh.update(round);
      slowest = Math.max(slowest, await mesh.heard(round));
    }
    expectUnharmed(mesh, 'lost');
    expect(
      mesh
        .log()
        .split('\n')
        .filter((line) => line.includes('is unhealthy')),
    ).to.deep.equal([]);
    return seconds(slowest);
  });
});
