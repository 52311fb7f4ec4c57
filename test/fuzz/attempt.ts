import type { Chance } from '../support/chance.js';
import { corpusOf, keepFound } from './corpus.js';
import { mutate } from './mutate.js';
import type { Target } from './target.js';

/** An input that went wrong, in words: what, with which input, and where that is kept. */
export class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure';

  constructor(target: Target, input: Buffer, cause: unknown) {
    const lines = [
      `${target.name}: ${cause instanceof Error ? cause.message : String(cause)}`,
      `input: ${input.toString('hex')}`,
      keepFound(target.name, input, String(cause)),
      'It is tried again by: npx mocha test/fuzz/fuzz.test.ts',
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

/** Something like what was chosen by hand for a target: what was found later is not drawn from. */
export const draw = ({ name, seeds }: Target): ((chance: Chance) => Buffer) => {
  const known = [...seeds, ...corpusOf(name)];
  return (chance) => mutate(chance.oneOf(known), chance, chance.oneOf(known));
};
