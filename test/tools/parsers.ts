import { InvalidArgumentError } from 'commander';
import { wholeNumber } from '../../src/cli/parsers.js';

/** Seeds have 32 bits. */
export const largestSeed = 2 ** 32 - 1;

/** Reads a seed. */
export const seed = wholeNumber(0, largestSeed);

/** Reads a number, which need not be whole; the error says in which range. */
export const decimal =
  (least: number, most: number): ((text: string) => number) =>
  (text) => {
    const number = Number(text);
    if (!/^\d+(\.\d+)?$/.test(text) || number < least || number > most) {
      throw new InvalidArgumentError(`It is a number from ${least} to ${most}.`);
    }
    return number;
  };
