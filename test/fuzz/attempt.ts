import type { Chance } from '../support/chance.js';
import { corpusOf, keepInCorpus } from './corpus.js';
import { mutate } from './mutate.js';
import type { Target } from './target.js';

/** An input that went wrong, in words: what, where, and how to see it again. */
export class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure';

  constructor(target: Target, input: Buffer, cause: unknown) {
    const file = keepInCorpus(target.name, input, String(cause));
    const lines = [
      `${target.name}: ${cause instanceof Error ? cause.message : String(cause)}`,
      `input: ${input.toString('hex')}`,
      `It was added to ${file}, and is tried in each run of "npx mocha test/fuzz/fuzz.test.ts".`,
    ];
    super(lines.join('\n'), { cause });
  }
}

/** Gives a target an input. Rejects with a {@link FuzzFailure}, and keeps the input, if it goes wrong. */
export const attempt = async (target: Target, input: Buffer): Promise<void> => {
  try {
    await target.check(input);
  } catch (error) {
    throw new FuzzFailure(target, input, error);
  }
};

/** Something like what is known of a target. */
export const draw = ({ name, seeds }: Target): ((chance: Chance) => Buffer) => {
  const known = [...seeds, ...corpusOf(name)];
  return (chance) => mutate(chance.oneOf(known), chance, chance.oneOf(known));
};
