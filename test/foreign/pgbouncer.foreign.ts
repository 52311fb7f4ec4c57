import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { lastValueFrom } from 'rxjs';
import { quietPort } from '../support/quietPort.js';
import { createCoordinator, postgresDatabase, type Coordinator } from '../../src/index.js';
import { alice, bob, testPeer } from '../../src/testing/index.js';
import { runCommand, type RunningProgram } from '../cli/childProcess.js';
import { temporaryDirectory } from '../cli/temporaryDirectory.js';
import { migratedDatabase, type TestDatabase } from '../support/testDatabase.js';
import { programPath } from './programPath.js';

/** PgBouncer in transaction mode, in front of a server. */
interface Pooler extends AsyncDisposable {
  /** The URL of the database by this way. */
  readonly url: string;
}

const startPooler = async (databaseUrl: string, settings: readonly string[] = []): Promise<Pooler> => {
  const directory = temporaryDirectory();
  const server = new URL(databaseUrl);
  const port = await quietPort();
  const [ini, users] = [join(directory.path, 'pgbouncer.ini'), join(directory.path, 'users.txt')];
  const [user, password] = [decodeURIComponent(server.username), decodeURIComponent(server.password)];
  writeFileSync(users, `"${user}" "${password}"\n`);
  writeFileSync(
    ini,
    [
      '[databases]',
      `* = host=${server.hostname} port=${server.port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${String(port)}`,
      'unix_socket_dir =',
      'auth_type = plain',
      `auth_file = ${users}`,
      'pool_mode = transaction',
      // Fewer than there are clients, so that each transaction may get another one.
      'default_pool_size = 3',
      ...settings,
    ].join('\n'),
  );
  // It refuses to be run by root.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) execFileSync('chmod', ['-R', 'a+rX', directory.path]);
  const program: ChildProcess = spawn(programPath('pgbouncer'), [ini, ...(isRoot ? ['-u', 'nobody'] : [])]);
  const log: string[] = [];
  await new Promise<void>((resolve, reject) => {
    program.on('error', reject);
    program.on('close', () => reject(new Error(`pgbouncer ended:\n${log.join('\n')}`)));
    createInterface({ input: program.stderr! }).on('line', (line) => {
      log.push(line);
      if (line.includes('process up')) resolve();
    });
  });
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return {
    url: url.href,
    [Symbol.asyncDispose]: async () => {
      const closed = once(program, 'close');
      program.kill('SIGKILL');
      await closed;
      directory[Symbol.dispose]();
    },
  };
};

const serve = (words: readonly string[]): RunningProgram =>
  runCommand(['serve', '--port', '0', '--grpc-port', 'none', ...words]);

describe('behind PgBouncer in transaction mode', function () {
  this.timeout(60_000);

  let database: TestDatabase;
  beforeEach(async () => (database = await migratedDatabase()));
  afterEach(async () => {
    await closeAll();
    await database.drop();
  });

  const coordinators: Coordinator[] = [];
  const closeAll = () => Promise.all(coordinators.splice(0).map((coordinator) => coordinator.close()));

  it('coordinators write and read through it, and listen at the server itself', async () => {
    await using pooler = await startPooler(database.url);
    const wires = [1, 2].map(() => postgresDatabase(pooler.url, { listenConfig: database.url }));
    const [one, other] = wires.map((wire) => createCoordinator({ database: wire })) as [Coordinator, Coordinator];
    coordinators.push(one, other);
    const [alices, bobs] = [testPeer(one, alice), testPeer(other, bob)];
    alices.addTunnel(bob);
    for (let derp = 1; derp <= 20; derp++) {
      bobs.updateDerp(derp);
      await alices.eventuallyHasDerp(bob, derp);
    }
    await bobs.disconnect();
    await alices.eventuallyDisconnected(bob);
    await closeAll();
    for (const wire of wires) await lastValueFrom(wire.close(), { defaultValue: undefined });
  });

  it('serve runs, and migrates at the server itself', async () => {
    await using pooler = await startPooler(database.url);
    await using server = serve(['--database-url', pooler.url, '--listen-database-url', database.url]);
    await server.line((line) => line.includes('"health":"healthy"'));
    server.signal('SIGTERM');
    expect(await server.ended).to.equal(0);
    expect(server.lines.filter((line) => line.includes('"level":40'))).to.deep.equal([]);
  });

  it('serve says what is missing, when the pooler refuses the settings of a session', async () => {
    await using pooler = await startPooler(database.url);
    await using server = serve(['--database-url', pooler.url]);
    await server.line((line) => line.includes('this leads to a pooler: give the URL of the server itself'));
  });

  it('serve warns, when the pooler swallows them', async () => {
    await using pooler = await startPooler(database.url, ['ignore_startup_parameters = statement_timeout,options']);
    await using server = serve(['--database-url', pooler.url]);
    await server.line((line) => line.includes('through a pooler; unless that is in session mode, nothing is heard'));
    // What hints are heard of has nothing to do with it, then.
    await using other = serve(['--database-url', pooler.url, '--bus', 'nats://127.0.0.1:1']);
    await other.line((line) =>
      line.includes('through a pooler; unless that is in session mode, migrations cannot lock'),
    );
  });

  it('serve warns, when what should lead to the server leads to the pooler as well', async () => {
    await using pooler = await startPooler(database.url, ['ignore_startup_parameters = statement_timeout,options']);
    await using server = serve(['--database-url', pooler.url, '--listen-database-url', pooler.url]);
    await server.line((line) => line.includes('--listen-database-url leads to a pooler'));
  });
});
