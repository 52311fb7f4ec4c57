// Compiles the package and the benchmark, unless that was done since the last change. Says nothing on stdout, which
// belongs to what is run afterwards. Several may start at once: one compiles, and the others wait for it.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

const output = '.bench';
const stamp = join(output, 'compiled-from.json');
const lock = '.bench.lock';

if (!isFresh()) {
  await takeLock();
  try {
    if (!isFresh()) build();
  } finally {
    rmdirSync(lock);
  }
}

function build() {
  rmSync(output, { recursive: true, force: true });
  run('npm', 'run', '--silent', 'build');
  run('npx', 'tsc', '-p', 'tsconfig.bench.json');
  writeFileSync(stamp, sources());
}

function run(command, ...args) {
  const { status, error } = spawnSync(command, args, {
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (error) throw error;
  if (status !== 0) {
    rmdirSync(lock);
    process.exit(1);
  }
}

function isFresh() {
  return existsSync('dist/index.js') && existsSync(stamp) && readFileSync(stamp, 'utf8') === sources();
}

/** Every file that is compiled or says how, with its size and time. */
function sources() {
  const files = ['src', 'bench']
    .flatMap((folder) => readdirSync(folder, { recursive: true }).map((file) => join(folder, file)))
    .filter((file) => file.endsWith('.ts') || file.endsWith('.proto'));
  return JSON.stringify(
    [...files, 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'tsconfig.bench.json']
      .sort()
      .map((file) => [file, statSync(file).size, statSync(file).mtimeMs]),
  );
}

/** A directory, because making one either succeeds or finds it there. One that was left behind counts for a minute. */
async function takeLock() {
  for (;;) {
    try {
      mkdirSync(lock);
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const { mtimeMs } = statSync(lock, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
    if (Date.now() - mtimeMs > 60_000) rmSync(lock, { recursive: true, force: true });
    else await delay(100);
  }
}
