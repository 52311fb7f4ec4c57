import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Environment } from './environment.js';

/**
 * Where results of a day, a kind of machine and a server are kept, as `2026-01-31-2-cores-postgresql-15`; those without a
 * server in `2026-01-31-2-cores`.
 */
export interface ResultsFolder {
  /** Relative to the project, with a slash at its end. */
  readonly name: string;
  write(file: string, text: string): void;
}

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Made when it is not there; files of the same name are written anew. */
export const resultsFolder = ({ date, cores, postgresql }: Environment, base = root): ResultsFolder => {
  const day = date.slice(0, 10);
  const server = postgresql === undefined ? '' : `-postgresql-${postgresql.split('.')[0] ?? ''}`;
  const name = `bench/results/${day}-${cores}-cores${server}/`;
  mkdirSync(join(base, name), { recursive: true });
  return {
    name,
    write: (file, text) => {
      writeFileSync(join(base, name, file), text);
    },
  };
};
