import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mutant } from './mutants.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What a simulation needs. */
const parts = ['src', 'test/simulation', 'test/support/chance.ts', 'test/tools', 'package.json', 'tsconfig.json'];

/**
 * Works with a copy of what a simulation needs, with the mistake in it, and removes it afterwards. The copy stands beside
 * the original, whose modules it uses.
 */
export const withMutant = async <T>(mutant: Mutant, work: (directory: string) => Promise<T>): Promise<T> => {
  const directory = await mkdtemp(join(root, '.mutant-'));
  try {
    for (const part of parts) await cp(join(root, part), join(directory, part), { recursive: true });
    await symlink(join(root, 'node_modules'), join(directory, 'node_modules'));
    const file = join(directory, 'src', mutant.file);
    const source = await readFile(file, 'utf8');
    if (source.split(mutant.find).length !== 2) {
      throw new Error(`"${mutant.name}": its text is not there once in ${mutant.file}`);
    }
    await writeFile(
      file,
      source.replace(mutant.find, () => mutant.replace),
    );
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};
