import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';

/** One step of the schema: a file in `migrations/`. */
export interface Migration {
  /** The name of the file, without `.sql`. They are applied in the order of their names. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the text, in hex. A migration that was applied somewhere must never change. */
  readonly checksum: string;
}

/** `migrations/` lies in the root of the package, two folders up from both `src/db` and `dist/db`. */
const folder = new URL('../../migrations/', import.meta.url);

/** Reads all migrations, in order. */
export async function readMigrations(): Promise<readonly Migration[]> {
  const files = (await readdir(folder)).filter((file) => /^\d{4}_\w+\.sql$/.test(file)).sort();
  return Promise.all(
    files.map(async (file) => {
      // A checkout on Windows may have other line ends, which mean nothing.
      const sql = (await readFile(new URL(file, folder), 'utf8')).replaceAll('\r\n', '\n');
      return { name: file.replace(/\.sql$/, ''), sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}
