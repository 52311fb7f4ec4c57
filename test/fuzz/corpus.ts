import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const fileOf = (target: string): string => fileURLToPath(new URL(`corpus/${target}.txt`, import.meta.url));

/** Inputs that once went wrong, or that are worth a look in each run: one a line in hexadecimal digits, then why. */
export const corpusOf = (target: string): readonly Buffer[] => {
  if (!existsSync(fileOf(target))) return [];
  const lines = readFileSync(fileOf(target), 'utf8').split('\n');
  return lines.filter((line) => /^[0-9a-f]/.test(line)).map((line) => Buffer.from(line.split(' ')[0] ?? '', 'hex'));
};

/** Adds an input, unless it is there; answers where. */
export const keepInCorpus = (target: string, input: Buffer, why: string): string => {
  const isThere = corpusOf(target).some((kept) => kept.equals(input));
  if (!isThere)
    appendFileSync(fileOf(target), `${input.toString('hex')} ${why.replaceAll(/\s+/g, ' ').slice(0, 120)}\n`);
  return fileOf(target);
};
