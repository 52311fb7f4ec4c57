// Packs the package, installs it somewhere else, and uses it as a stranger would.
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const entryPoints = ['', '/client', '/client/grpc', '/testing', '/gateways', '/metrics', '/nats', '/proto'].map(
  (path) => `tailnet-coordinator${path}`,
);

/** Every entry point, in Node and at its names: a module that fails to load, or exports nothing, is a defect. */
const importEverything = `
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
for (const name of ${JSON.stringify(entryPoints)}) {
  if (Object.keys(await import(name)).length === 0) throw new Error(name + ' exports nothing');
}
const proto = fileURLToPath(import.meta.resolve('tailnet-coordinator/proto/tailnet.proto'));
if (!readFileSync(proto, 'utf8').includes('package coder.tailnet.v2')) throw new Error(proto);
`;

/** The same for the types, under the strictest options, the declarations of all dependencies included. */
const typeEverything = `
${entryPoints.map((name, index) => `import * as entry${index} from '${name}';`).join('\n')}
import { createCoordinator } from 'tailnet-coordinator';
import type { Coordinator } from 'tailnet-coordinator';
import { requests } from 'tailnet-coordinator/proto';
import { memoryDatabase } from 'tailnet-coordinator/testing';
export const entries: readonly object[] = [${entryPoints.map((_, index) => `entry${index}`).join(', ')}];
export const coordinator: Coordinator = createCoordinator({ database: memoryDatabase() });
export const responses$ = coordinator.coordinate$(coordinator.id);
export const request = requests.updateSelf({ preferredDerp: 1 });
`;

const strictest = {
  compilerOptions: {
    target: 'ES2023',
    lib: ['ES2023', 'ESNext.Disposable'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    skipLibCheck: false,
    noEmit: true,
  },
  include: ['consumer.ts', 'examples'],
};

/** What the examples use that is nothing of the package's own. */
const ofExamples = ['express', '@types/express', 'fastify', '@types/ws'];

/** `run(command, ...args, options)` throws if the command fails. Needs a registry, or what npm remembers of one. */
export function checkPackage(run) {
  const directory = mkdtempSync(join(tmpdir(), 'tailnet-coordinator-package-'));
  const inside = { cwd: directory };
  try {
    const [{ filename }] = JSON.parse(run('npm', 'pack', '--silent', '--json', '--pack-destination', directory));
    writeFileSync(join(directory, 'package.json'), JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
    const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
    const others = ofExamples.map((name) => `${name}@${devDependencies[name]}`);
    run('npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', `./${filename}`, ...others, inside);

    writeFileSync(join(directory, 'consumer.mjs'), importEverything);
    run('node', 'consumer.mjs', inside);
    run(join(directory, 'node_modules/.bin/tailnet-coordinator'), '--help', inside);

    writeFileSync(join(directory, 'consumer.ts'), typeEverything);
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(strictest));
    if (existsSync('examples') && readdirSync('examples').length > 0) {
      cpSync('examples', join(directory, 'examples'), { recursive: true });
    }
    run(resolve('node_modules/.bin/tsc'), '-p', 'tsconfig.json', inside);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
