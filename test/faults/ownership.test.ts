import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { runningEmbeddedPostgres } from '../../src/cli/embeddedPostgres/runningEmbeddedPostgres.js';
import { temporaryDirectory } from '../cli/temporaryDirectory.js';
import { coordinatorProcess } from '../processes/coordinatorProcess.js';
import { query } from '../support/query.js';
import { expectBorne, expectUnharmed, openMesh } from './mesh.js';
import { seconds, together, waits } from './together.js';

together('a data directory', () => {
  waits(
    'is refused to a second coordinator, in one line; the first goes on, and its data stays',
    8,
    async (arrange) => {
      using directory = temporaryDirectory();
      const dataDir = directory.path;
      const first = coordinatorProcess({ dataDir });
      await using mesh = await arrange(() => openMesh(first));
      await using second = coordinatorProcess({ dataDir });
      expect(await second.ended).to.equal(1);
      expect(second.log()).to.match(
        /^error: the data directory \S+ is in use by process \d+: stop that, or choose another --data-dir$/,
      );
      mesh.update(2);
      await mesh.heard(2);
      expectUnharmed(mesh, 'lost');

      // A killed one has not given it back, and the next may have it all the same.
      await mesh.end(0, 'SIGKILL');
      await using third = coordinatorProcess({ dataDir });
      await third.listening;
      const [row] = await query(
        runningEmbeddedPostgres(dataDir) ?? '',
        `select count(*)::int as peers from tailnet_peers`,
      );
      expect(row).to.deep.equal({ peers: 3 });
      third.signal('SIGTERM');
      expect(await third.ended).to.equal(0);
      return undefined;
    },
  );

  waits('has its database killed: it is started again, and nobody notices more', 8, async (arrange) => {
    using directory = temporaryDirectory();
    const dataDir = directory.path;
    await using mesh = await arrange(() => openMesh(coordinatorProcess({ dataDir })));
    const [server] = await query<{ pid: string }>(
      runningEmbeddedPostgres(dataDir) ?? '',
      `select split_part(pg_read_file('postmaster.pid'), e'\\n', 1) as pid`,
    );
    const since = performance.now();
    process.kill(Number(server?.pid), 'SIGKILL');
    mesh.update(2);
    await mesh.coordinators[0]?.logs('embedded PostgreSQL ended by itself, starting it again');
    await untilAnswered(dataDir);
    const outage = performance.now() - since;
    // Within one coordinator, too, what is said goes by way of the database.
    const took = await mesh.heard(2);
    expectBorne(mesh, outage);
    expect(await mesh.end(0, 'SIGTERM')).to.equal(0);
    return seconds(took);
  });
});

/** Waits until the database in a directory answers. */
const untilAnswered = async (dataDir: string): Promise<void> => {
  for (;;) {
    const url = runningEmbeddedPostgres(dataDir);
    const answer = url && (await query(url, 'select 1 as one').catch(() => undefined));
    if (answer) return;
    await delay(50);
  }
};
