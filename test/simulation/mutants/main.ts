// npm run simulate:mutants: breaks the core in every way that mutants.ts lists, and has each found by simulation.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutants, type Mutant } from './mutants.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Seeds that are tried on a mutant before it counts as not found. */
const patience = 2_000;

/** A copy of what a simulation needs, with the mistake in it. It stands beside the original, whose modules it uses. */
const withCopy = async <T>(mutant: Mutant, work: (directory: string) => Promise<T>): Promise<T> => {
  const directory = await mkdtemp(join(root, '.mutant-'));
  standing = directory;
  try {
    for (const part of ['src', 'test/simulation', 'test/support/chance.ts', 'package.json', 'tsconfig.json']) {
      await cp(join(root, part), join(directory, part), { recursive: true });
    }
    await symlink(join(root, 'node_modules'), join(directory, 'node_modules'));
    const file = join(directory, 'src', mutant.file);
    const source = await readFile(file, 'utf8');
    if (source.split(mutant.find).length !== 2)
      throw new Error(`"${mutant.name}": its text is not there once in ${mutant.file}`);
    await writeFile(
      file,
      source.replace(mutant.find, () => mutant.replace),
    );
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

/** What a simulation of the copy prints, up to its first failure. */
const simulateIn = (directory: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const args = ['--import', 'tsx', join('test', 'simulation', 'main.ts'), '--once', '--seeds', String(patience)];
    const child = spawn(process.execPath, args, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()));
    child.on('error', reject);
    child.on('close', () => {
      resolve(output);
    });
  });

/** The copy that stands now; a signal must not leave it behind. */
let standing: string | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    if (standing !== undefined) rmSync(standing, { recursive: true, force: true });
    process.exit(130);
  });
}

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !mutants.some((mutant) => mutant.name === name));
if (unknown.length > 0) {
  console.error(
    `no such mutant: ${unknown.join(', ')}; there are:\n${mutants.map(({ name, why }) => `  '${name}': ${why}`).join('\n')}`,
  );
  process.exit(2);
}
let survivors = 0;
for (const mutant of mutants) {
  if (chosen.length > 0 && !chosen.includes(mutant.name)) continue;
  const output = await withCopy(mutant, simulateIn);
  const found = /^seed (\d+): .*\n\s+at [\d.]+ ms, ([^:]+):/m.exec(output);
  const tried = /^(\d+)(?: of \d+, ended early)? simulations/m.exec(output)?.[1] ?? '?';
  if (found === null) survivors += 1;
  console.log(
    found === null
      ? `NOT FOUND  ${mutant.name} (${tried} seeds)${tried === '?' ? `\n${output}` : ''}`
      : `found      ${mutant.name}: seed ${found[1]}, "${found[2]}" (${tried} seeds)`,
  );
}
console.log(survivors === 0 ? 'all were found' : `${survivors} were not found`);
process.exitCode = survivors === 0 ? 0 : 1;
