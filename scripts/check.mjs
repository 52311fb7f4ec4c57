// npm run check: everything that must hold before a change is done, in order; stops at the first failure.
// npm run check -- lint format: only these.
// What needs programs that npm does not install is left out where they are missing, unless it is asked for by name, or in
// continuous integration (the variable CI is set): there it fails.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkPackage } from './checkPackage.mjs';

const steps = {
  // The examples import the package by its name, which leads to what was built.
  build: () => run('npm', 'run', '--silent', 'build'),
  types: () => ['tsconfig.json', 'tsconfig.page.json'].forEach((project) => run('npx', 'tsc', '-p', project)),
  lint: () => run('npx', 'eslint', '.'),
  format: () => run('npx', 'prettier', '--check', '--log-level', 'warn', '.'),
  generated: checkGenerated,
  api: () => run('npx', 'typedoc', '--emit', 'none'),
  tests: () => run('npm', 'test', '--silent'),
  foreign: () => run('npm', 'run', '--silent', 'test:foreign'),
  package: () => checkPackage(run),
};

/** Throws, and says so, where programs are missing that a step needs. */
const needs = { foreign: () => run('node', '--import', 'tsx', 'test/foreign/programs.ts') };

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !Object.hasOwn(steps, name));
if (unknown.length > 0) {
  console.error(`no such check: ${unknown.join(', ')}; there are ${Object.keys(steps).join(', ')}`);
  process.exit(2);
}

for (const [name, step] of Object.entries(steps)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue;
  const start = performance.now();
  const missing = chosen.length === 0 && !process.env.CI ? missingFor(name) : undefined;
  if (missing !== undefined) {
    console.log(`${name}: left out; ${missing}`);
    continue;
  }
  try {
    step();
  } catch (error) {
    console.error(`${name}: failed\n\n${error.message}`);
    process.exit(1);
  }
  console.log(`${name}: ok (${((performance.now() - start) / 1000).toFixed(1)} s)`);
}

/** What a step needs and is not there; undefined if it needs nothing, or all is there. */
function missingFor(name) {
  try {
    needs[name]?.();
    return undefined;
  } catch (error) {
    return error.message.slice(error.message.indexOf('\n') + 1).trim();
  }
}

/** Runs a command; returns what it printed, or throws that. The last argument may be options of `spawnSync`. */
function run(command, ...rest) {
  const options = typeof rest.at(-1) === 'object' ? rest.pop() : {};
  const { status, signal, error, stdout, stderr } = spawnSync(command, rest, {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    ...options,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${rest.join(' ')}: ${signal ?? `exit ${status}`}\n${stdout}${stderr}`);
  return stdout;
}

/** Generates the code again, compares, and leaves everything as it was. */
function checkGenerated() {
  const directory = 'src/proto/gen';
  const before = contents(directory);
  let after;
  try {
    run('node', 'scripts/generate.mjs');
    after = contents(directory);
  } finally {
    for (const [file, text] of before) writeFileSync(file, text);
  }
  const stale = [...new Set([...before.keys(), ...after.keys()])].filter(
    (file) => before.get(file) !== after.get(file),
  );
  if (stale.length > 0) throw new Error(`not what tailnet.proto says: ${stale.join(', ')}\nRun: npm run generate`);
  checkWritten('scripts/optionTable.ts', 'docs/operations.md');
  checkWritten('scripts/readmePicture.ts', 'docs/images/overview.svg');
}

/** Runs a script that writes into a file, compares, and leaves the file as it was. */
function checkWritten(script, file) {
  const before = readFileSync(file, 'utf8');
  let after;
  try {
    run('node', '--import', 'tsx', script);
    after = readFileSync(file, 'utf8');
  } finally {
    writeFileSync(file, before);
  }
  if (after !== before) throw new Error(`${file} is not what ${script} writes\nRun: npm run generate`);
}

function contents(directory) {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [path, readFileSync(path, 'utf8')]));
}
