import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { findBinariesPackage, linkLibraries } from '../../src/cli/embeddedPostgres/binariesPackage.js';
import { clusterData } from '../../src/cli/embeddedPostgres/cluster.js';
import { copyBinaries } from '../../src/cli/embeddedPostgres/copyBinaries.js';
import { lockDirectory } from '../../src/cli/embeddedPostgres/directoryLock.js';
import { EmbeddedPostgresError } from '../../src/cli/embeddedPostgres/embeddedPostgresError.js';
import { keepEmbeddedPostgres } from '../../src/cli/embeddedPostgres/keepEmbeddedPostgres.js';
import { processStart } from '../../src/cli/embeddedPostgres/processStart.js';
import { runningEmbeddedPostgres } from '../../src/cli/embeddedPostgres/runningEmbeddedPostgres.js';
import { startEmbeddedPostgres } from '../../src/cli/embeddedPostgres/startEmbeddedPostgres.js';
import { pino } from 'pino';
import { query } from '../support/query.js';
import { runProgram, type RunningProgram } from './childProcess.js';
import { temporaryDirectory } from './temporaryDirectory.js';

const silent = pino({ level: 'silent' });
const isRoot = process.getuid?.() === 0;

describe('the embedded PostgreSQL', function () {
  // Starting servers takes long where much else runs.
  this.timeout(120_000);

  /** Used by all tests that do not need a new one; making one takes longest. */
  let used: ReturnType<typeof temporaryDirectory>;
  before(async () => {
    used = temporaryDirectory();
    await whileRunning(used.path, (url) => query(url, 'select'));
  });
  after(() => used[Symbol.dispose]());

  it('keeps its data from one start to the next', async () => {
    using directory = temporaryDirectory();
    await whileRunning(directory.path, (url) => query(url, 'create table kept (value text)'));
    await whileRunning(directory.path, (url) => query(url, `insert into kept values ('here')`));
    await whileRunning(directory.path, async (url) => {
      expect(await query(url, 'select value from kept')).to.deep.equal([{ value: 'here' }]);
    });
  });

  it('listens on the loopback address only, for those who know the password', async () => {
    await whileRunning(used.path, async (url) => {
      const stranger = new URL(url);
      stranger.password = 'guess';
      await expectFailure(query(stranger.href, 'select'), /password authentication failed/);
      expect(await query(url, 'show listen_addresses')).to.deep.equal([{ listen_addresses: '127.0.0.1' }]);
      expect(await query(url, 'show unix_socket_directories')).to.deep.equal([{ unix_socket_directories: '' }]);
    });
    expect(statSync(join(used.path, 'postgres', 'password')).mode & 0o777).to.equal(0o600);
  });

  it('has room for many coordinators', async () => {
    await whileRunning(used.path, async (url) => {
      expect(await query(url, 'show max_connections')).to.deep.equal([{ max_connections: '300' }]);
    });
  });

  it('is durable unless told otherwise', async () => {
    const server = await startEmbeddedPostgres({ dataDir: used.path });
    try {
      expect(await query(server.url, 'show fsync')).to.deep.equal([{ fsync: 'on' }]);
    } finally {
      await server.stop();
    }
  });

  it('begins anew where initdb was interrupted', async () => {
    using directory = temporaryDirectory();
    mkdirSync(join(directory.path, 'postgres.unfinished', 'data', 'base'), { recursive: true });
    await whileRunning(directory.path, (url) => query(url, 'select'));
    expect(existsSync(join(directory.path, 'postgres.unfinished'))).to.equal(false);
  });

  it('refuses data of another version, and says so', async () => {
    using directory = temporaryDirectory();
    await whileRunning(directory.path, (url) => query(url, 'select'));
    writeFileSync(join(clusterData(directory.path), 'PG_VERSION'), '12\n');
    await expectFailure(
      whileRunning(directory.path, () => undefined),
      /was made by PostgreSQL 12, and this is PostgreSQL 18/,
    );
  });

  it('says what the server said when it does not start, and gives the directory free', async () => {
    await whileRunning(used.path, (url) => query(url, 'select'));
    const configuration = join(clusterData(used.path), 'postgresql.conf');
    const before = readFileSync(configuration, 'utf8');
    writeFileSync(configuration, `${before}\nno_such_setting = 1\n`);
    await expectFailure(
      whileRunning(used.path, () => undefined),
      /unrecognized configuration parameter "no_such_setting"/,
    );
    writeFileSync(configuration, before);
    await whileRunning(used.path, (url) => query(url, 'select'));
  });

  it('fails clearly when the port that was asked for is taken', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    try {
      const { port } = squatter.address() as AddressInfo;
      await expectFailure(
        startEmbeddedPostgres({ dataDir: used.path, durable: false, port }),
        /could not bind IPv4 address "127.0.0.1": Address already in use/,
      );
    } finally {
      squatter.close();
    }
  });

  it('is started again, on the same port, when it was killed', async () => {
    const kept = await keepEmbeddedPostgres(used.path, silent);
    try {
      const [before] = await query<{ pid: number }>(kept.url, 'select pg_postmaster_start_time()::text as started');
      process.kill(serverPid(used.path), 'SIGKILL');
      const [after] = await eventually(() => query(kept.url, 'select pg_postmaster_start_time()::text as started'));
      expect(after).not.to.deep.equal(before);
    } finally {
      await kept.stop();
    }
    expect(runningEmbeddedPostgres(used.path)).to.equal(undefined);
  });

  it('tells others where it runs, for as long as it runs', async () => {
    expect(runningEmbeddedPostgres(used.path)).to.equal(undefined);
    await whileRunning(used.path, (url) => {
      expect(runningEmbeddedPostgres(used.path)).to.equal(url);
    });
    expect(runningEmbeddedPostgres(used.path)).to.equal(undefined);
  });

  describe('belongs to one process', () => {
    it('which a second one is told about', async () => {
      await using owner = runOwner(used.path);
      const { url } = await started(owner);
      await expectFailure(
        startEmbeddedPostgres({ dataDir: used.path }),
        `the data directory ${used.path} is in use by process ${owner.pid}: stop that, or choose another --data-dir`,
      );
      await query(url, 'select');
    });

    it('even when many start at once', async () => {
      using directory = temporaryDirectory();
      // Left behind by a process that is gone: what is there to be taken over.
      writeFileSync(join(directory.path, 'lock.7'), JSON.stringify({ pid: 2 ** 30, start: 'never' }));
      const attempts = await Promise.allSettled(Array.from({ length: 20 }, () => lockDirectory(directory.path)));
      expect(attempts.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
      expect(readdirSync(directory.path)).to.deep.equal(['lock.8']);
    });

    it('until it is given free', async () => {
      using directory = temporaryDirectory();
      (await lockDirectory(directory.path)).release();
      (await lockDirectory(directory.path)).release();
    });

    it('and not to a later one that was given the same number', async () => {
      using directory = temporaryDirectory();
      writeFileSync(join(directory.path, 'lock.1'), JSON.stringify({ pid: process.pid, start: 'long ago' }));
      (await lockDirectory(directory.path)).release();
    });

    it('and to nobody when its owner died while writing its name', async () => {
      using directory = temporaryDirectory();
      writeFileSync(join(directory.path, 'lock.1'), '');
      (await lockDirectory(directory.path)).release();
    });
  });

  describe('does not outlive its owner', () => {
    const ends: readonly [string, string[], (owner: RunningProgram) => void][] = [
      ['that is killed', [], (owner) => owner.signal('SIGKILL')],
      ['that is terminated', [], (owner) => owner.signal('SIGTERM')],
      ['that is interrupted', [], (owner) => owner.signal('SIGINT')],
      ['whose terminal is closed', [], (owner) => owner.signal('SIGHUP')],
      ['that throws', ['throw'], () => {}],
      ['that exits', ['exit'], () => {}],
    ];
    for (const [how, words, end] of ends) {
      it(how, async () => {
        await using owner = runOwner(used.path, ...words);
        const { pid } = await started(owner);
        end(owner);
        await owner.ended;
        await eventually(() => {
          expect(processStart(pid)).to.equal(undefined);
        });
      });
    }
  });

  it('is taken over from an owner that was killed, with its data', async () => {
    await using owner = runOwner(used.path);
    const { url } = await started(owner);
    await query(url, 'create table taken_over (value text)');
    owner.signal('SIGKILL');
    await owner.ended;
    await whileRunning(used.path, (again) => query(again, 'select from taken_over'));
  });

  it('stops a server that was left behind without anybody to watch over it', async () => {
    await using owner = runOwner(used.path);
    const { pid } = await started(owner);
    for (const watchdog of processesWith(`tailnet-coordinator-watchdog ${pid}`)) process.kill(watchdog, 'SIGKILL');
    // A frozen one does not even react.
    process.kill(pid, 'SIGSTOP');
    owner.signal('SIGKILL');
    await owner.ended;
    expect(processStart(pid)).not.to.equal(undefined);
    await whileRunning(used.path, (url) => query(url, 'select'));
    expect(processStart(pid)).to.equal(undefined);
  });

  it('is not confused by another process that has the number of a server that is gone', async () => {
    const data = clusterData(used.path);
    const { uid, gid } = statSync(data);
    // PostgreSQL takes a process of its own account for the server.
    const other = spawn('sleep', ['60'], { ...(isRoot && { uid, gid }), stdio: 'ignore' });
    try {
      writeFileSync(join(data, 'postmaster.pid'), `${other.pid}\n${data}\n`);
      await whileRunning(used.path, (url) => query(url, 'select'));
      expect(other.exitCode).to.equal(null);
    } finally {
      other.kill();
    }
  });

  it('makes the links between its libraries that were not made when it was installed', () => {
    using directory = temporaryDirectory();
    const source = findBinariesPackage();
    const installed = join(directory.path, 'package');
    cpSync(source.directory, installed, { recursive: true, verbatimSymlinks: true });
    chmodSync(directory.path, 0o755);
    for (const { target } of symlinks(installed)) rmSync(join(installed, target));
    const version = () => spawnSync(join(installed, 'native/bin/postgres'), ['--version'], { encoding: 'utf8' });
    expect(version().stderr).to.contain('error while loading shared libraries');
    linkLibraries(installed);
    expect(version().stdout).to.contain('PostgreSQL');
    // What is there stays.
    linkLibraries(installed);
  });

  it('can be copied to where everybody can read it', () => {
    using directory = temporaryDirectory();
    const copy = copyBinaries(findBinariesPackage(), directory.path);
    const everybody = isRoot ? { uid: 65_534, gid: 65_534 } : {};
    const run = spawnSync(join(copy, 'native/bin/postgres'), ['--version'], { ...everybody, encoding: 'utf8' });
    expect(run.stdout).to.contain('PostgreSQL');
    // Once is enough.
    expect(copyBinaries(findBinariesPackage(), directory.path)).to.equal(copy);
    expect(readdirSync(directory.path)).to.have.length(1);
  });

  it('is not run from a copy that somebody else could have changed', () => {
    using directory = temporaryDirectory();
    const source = findBinariesPackage();
    mkdirSync(join(directory.path, source.label));
    chmodSync(join(directory.path, source.label), 0o777);
    expect(() => copyBinaries(source, directory.path)).to.throw(EmbeddedPostgresError, 'can be written by others');
  });

  if (isRoot) {
    describe('started by root', () => {
      it('runs as somebody else', async () => {
        await whileRunning(used.path, () => {
          expect(statSync(`/proc/${serverPid(used.path)}`).uid).not.to.equal(0);
        });
      });

      it('runs below a directory that only root may enter', async () => {
        using directory = temporaryDirectory();
        chmodSync(directory.path, 0o700);
        const dataDir = join(directory.path, 'below', 'data');
        await whileRunning(dataDir, (url) => query(url, 'create table kept (value text)'));
        await whileRunning(dataDir, (url) => query(url, 'select from kept'));
        await expectOwnerCannotBeReplaced(dataDir);
      });
    });
  }
});

async function expectOwnerCannotBeReplaced(dataDir: string): Promise<void> {
  await using owner = runOwner(dataDir);
  const { pid } = await started(owner);
  owner.signal('SIGKILL');
  await owner.ended;
  await whileRunning(dataDir, (url) => query(url, 'select from kept'));
  expect(processStart(pid)).to.equal(undefined);
}

/** Starts a server, uses it and stops it. */
async function whileRunning(dataDir: string, use: (url: string) => unknown): Promise<void> {
  const server = await startEmbeddedPostgres({ dataDir, durable: false });
  try {
    await use(server.url);
  } finally {
    await server.stop();
  }
}

function runOwner(dataDir: string, ...words: string[]): RunningProgram {
  return runProgram('test/cli/embeddedOwner.ts', [dataDir, ...words]);
}

async function started(owner: RunningProgram): Promise<{ url: string; pid: number }> {
  return JSON.parse(await owner.line(() => true)) as { url: string; pid: number };
}

function serverPid(dataDir: string): number {
  return Number(readFileSync(join(clusterData(dataDir), 'postmaster.pid'), 'utf8').split('\n')[0]);
}

function symlinks(directory: string): { target: string }[] {
  return JSON.parse(readFileSync(join(directory, 'native/pg-symlinks.json'), 'utf8')) as { target: string }[];
}

function processesWith(words: string): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-ww', '-o', 'pid=,command='], { encoding: 'utf8' });
  return stdout.split(/\n(?=\s*\d+ )/).flatMap((line) => (line.includes(words) ? [Number.parseInt(line, 10)] : []));
}

/** Tries until it succeeds; mocha's timeout is the limit. Processes end without telling those who are not their parents. */
async function eventually<Value>(attempt: () => Value | Promise<Value>): Promise<Value> {
  for (;;) {
    try {
      return await attempt();
    } catch {
      await delay(20);
    }
  }
}

async function expectFailure(promise: Promise<unknown>, message: RegExp | string): Promise<void> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(Error);
  const text = (error as Error).message;
  if (typeof message === 'string') {
    expect(text).to.equal(message);
    expect(error).to.be.instanceOf(EmbeddedPostgresError);
  } else expect(text).to.match(message);
}
