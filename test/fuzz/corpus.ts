import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const directoryOf = (name: string): string => fileURLToPath(new URL(`${name}/`, import.meta.url));

/** Inputs that are worth a look in each run, and to draw others from: chosen by hand. */
export const corpusOf = (target: string): readonly Buffer[] => inputsIn(directoryOf('corpus'), target);

/**
 * Inputs that went wrong once, as the fuzzer has kept them: tried in each run. Nothing is drawn from them, so that a seed
 * draws the same however many have been found since.
 */
export const foundOf = (target: string, directory = directoryOf('found')): readonly Buffer[] =>
  inputsIn(directory, target);

/** Keeps an input that went wrong, and says in a sentence where it is; and if that is new, what is to be done with it. */
export const keepFound = (target: string, input: Buffer, why: string, directory = directoryOf('found')): string => {
  const file = fileIn(directory, target);
  const name = relative(process.cwd(), file);
  if (foundOf(target, directory).some((kept) => kept.equals(input))) return `It is kept in ${name} already.`;
  const isNew = !existsSync(file);
  mkdirSync(directory, { recursive: true });
  appendFileSync(file, `${input.toString('hex')} ${why.replaceAll(/\s+/g, ' ').slice(0, 120)}\n`);
  const how = isNew ? 'It was kept in a new file of the repository' : 'It was added to a file of the repository';
  return `${how}, ${name}: commit that with the fix.`;
};

const fileIn = (directory: string, target: string): string => join(directory, `${target}.txt`);

/** One input a line, in hexadecimal digits, which are none for an empty one, then a space and why. */
const inputsIn = (directory: string, target: string): readonly Buffer[] => {
  const file = fileIn(directory, target);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => Buffer.from(line.split(' ')[0] ?? '', 'hex'));
};
