import { readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = fileURLToPath(new URL('../../', import.meta.url));

/** What the compiler goes by, besides the sources. */
const settings = ['tsconfig.json', 'tsconfig.build.json'];

/**
 * Why what was built must not be run, in a sentence; undefined if it is what the sources say, by the times of the files.
 * A test of processes would not tell what is wrong with sources that it does not run.
 */
export const buildComplaint = (root = project): string | undefined => {
  const folder = join(root, 'src');
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ source: join(folder, file), built: join(root, 'dist', file.replace(/\.ts$/, '.js')) }));
  const oldest = Math.min(...sources.map(({ built }) => timeOf(built)));
  if (oldest === -Infinity) return 'dist/ is missing, or a part of it: run `npm run build` first';
  const changed = [
    ...sources.filter(({ source, built }) => timeOf(source) > timeOf(built)).map(({ source }) => source),
    ...settings.map((file) => join(root, file)).filter((file) => timeOf(file) > oldest),
  ][0];
  if (changed === undefined) return undefined;
  return `dist/ is older than ${relative(root, changed).replaceAll(sep, '/')}: run \`npm run build\` first`;
};

/** When a file was written, in milliseconds since 1970; -Infinity if it is not there. */
const timeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
