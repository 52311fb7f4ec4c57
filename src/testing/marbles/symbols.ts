import { sameValue } from './sameValue.js';

/** The letters of a drawing: equal values have the same. */
export interface Symbols {
  /** The letter of a value: the one it was named by, itself if it is a single character, or the next that is free. */
  of(value: unknown): string;
  /** Every letter that does not speak for itself, with what it stands for. */
  legend(): readonly (readonly [letter: string, value: unknown])[];
}

const letters = Array.from('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789');

/** Starts with the letters that a test named its values by. */
export const symbols = (named: Readonly<Record<string, unknown>> = {}): Symbols => {
  const known = Object.entries(named).map(([letter, value]) => ({ letter, value, used: false }));
  const isTaken = (letter: string) => known.some((entry) => entry.letter === letter);

  return {
    of: (value) => {
      let entry = known.find((candidate) => sameValue(candidate.value, value));
      if (!entry) {
        const own = typeof value === 'string' && letters.includes(value) && !isTaken(value) ? value : undefined;
        entry = { letter: own ?? letters.find((letter) => !isTaken(letter)) ?? '?', value, used: false };
        known.push(entry);
      }
      entry.used = true;
      return entry.letter;
    },
    legend: () =>
      known
        .filter(({ letter, value, used }) => used && value !== letter)
        .map(({ letter, value }) => [letter, value] as const),
  };
};
