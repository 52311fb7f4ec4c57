import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect } from 'chai';
import { alice, bob } from '../../src/testing/index.js';
import { query } from '../support/query.js';
import { migratedDatabase, testDatabase } from '../support/testDatabase.js';
import { runCommand, type RunningProgram } from './childProcess.js';

interface Line {
  readonly msg: string;
  readonly pid: number;
  readonly http: string;
  readonly coordinator_id: string;
}

const lineOf = (text: string): Line => JSON.parse(text) as Line;

const isAbout = (msg: string) => (text: string) => lineOf(text).msg === msg;

describe('serve --workers', function () {
  this.timeout(120_000);

  const run = (words: readonly string[]): RunningProgram => runCommand(['serve', '--workers', '2', ...words]);

  /** So many lines that say that something listens, each from another process. */
  const listening = async (program: RunningProgram, count: number): Promise<readonly Line[]> => {
    const found = new Map<number, Line>();
    await program.line((text) => {
      const line = lineOf(text);
      if (line.msg === 'listening') found.set(line.pid, line);
      return found.size === count;
    });
    return [...found.values()];
  };

  it('serves with several coordinators at the same ports, makes another when one dies, and drains all', async () => {
    await using database = await testDatabase();
    await using server = run(['--port', '0', '--grpc-port', '0', '--database-url', database.url]);
    const lines = await listening(server, 2);
    const [{ http }] = lines as [Line];
    expect(new Set(lines.map((line) => line.http)).size).to.equal(1);
    const ids = lines.map((line) => line.coordinator_id);
    const rows = await query(database.url, 'select id from tailnet_coordinators');
    expect(rows.map(({ id }) => id as string)).to.have.members(ids);

    // Whichever of them is asked, the metrics are those of all.
    const metrics = await (await fetch(`${http}/metrics`)).text();
    for (const worker of ['1', '2']) {
      expect(metrics).to.contain(`tailnet_health{state="healthy",worker="${worker}"} 1`);
      expect(metrics).to.match(new RegExp(`^process_resident_memory_bytes{worker="${worker}"} \\d+$`, 'm'));
    }

    const url = http.replace('http', 'ws');
    const peer = (id: string, ...words: readonly string[]) => runCommand(['peer', '--url', url, '--id', id, ...words]);
    await using bobs = peer(bob, '--derp', '7');
    await bobs.line((line) => line.startsWith('connected'));
    await using alices = peer(alice, '--tunnel', bob);
    await alices.line((line) => line.startsWith(`${bob} NODE`));

    const [{ pid: victim }] = lines as [Line];
    process.kill(victim, 'SIGKILL');
    await server.line(isAbout('worker ended; starting another'));
    const all = await listening(server, 3);
    expect(new Set(all.map((line) => line.http)).size).to.equal(1);

    server.signal('SIGTERM');
    expect(await server.ended).to.equal(0);
    expect(server.lines.filter(isAbout('closed'))).to.have.lengthOf(2);
    expect(server.errors()).to.equal('');
    // They were not asked to end by a signal of their own, which would have been the second one.
    expect(server.lines.filter(isAbout('ending at once'))).to.deep.equal([]);
    expect(await alices.line((line) => line.startsWith('connection closed: 1001'))).to.contain('coordinator closed');
  });

  it('ends when they cannot listen, says why, and leaves nothing in the database', async () => {
    await using database = await migratedDatabase();
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as { port: number };
    await using server = run(['--port', String(port), '--grpc-port', 'none', '--database-url', database.url]);
    expect(await server.ended).to.equal(1);
    expect(server.errors()).to.contain(`error: cannot listen on 127.0.0.1, port ${String(port)}: `);
    expect(await query(database.url, 'select id from tailnet_coordinators')).to.deep.equal([]);
    squatter.close();
  });

  it('ends all at once with a second signal', async () => {
    await using database = await testDatabase();
    const words = ['--port', '0', '--grpc-port', 'none', '--database-url', database.url, '--drain-time', '600000'];
    await using server = run(words);
    const [first] = (await listening(server, 2)) as [Line];
    await using bobs = runCommand(['peer', '--url', first.http.replace('http', 'ws'), '--id', bob]);
    await bobs.line((line) => line.startsWith('connected'));
    await using alices = runCommand(['peer', '--url', first.http.replace('http', 'ws'), '--id', alice]);
    await alices.line((line) => line.startsWith('connected'));
    server.signal('SIGTERM');
    await server.line(isAbout('draining'));
    server.signal('SIGTERM');
    expect(await server.ended).to.equal(143);
    // It counts as ended when nobody holds its output any more, and so with the workers.
  });
});
