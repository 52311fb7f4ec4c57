import { chance } from '../support/chance.js';
import { attempt, draw } from './attempt.js';
import { comparing } from './comparing.js';
import { decoding } from './decoding.js';
import { hearing } from './hearing.js';
import { proving } from './proving.js';
import { reading } from './reading.js';
import { openServing } from './serving.js';

/** So many frames, and what is served and remembered begins anew. */
const framesPerServer = 2_000;

/** A frame over a socket takes as long as so many calls. */
const callsPerFrame = 25;

/**
 * Tries inputs that the seed draws, until it is over. Rejects with the first that goes wrong.
 *
 * @param tried told of each input before it is tried
 */
export const fuzz = async (seed: number, isOver: () => boolean, tried: () => void): Promise<void> => {
  const luck = chance(seed);
  const targets = [decoding, comparing, reading, hearing, proving].map((target) => ({ target, input: draw(target) }));
  let serving = await openServing();
  const frame = draw(serving);
  try {
    for (let frames = 1; !isOver(); frames++) {
      for (const { target, input } of targets) {
        for (let time = 0; time < callsPerFrame; time++) {
          tried();
          await attempt(target, input(luck));
        }
      }
      tried();
      await attempt(serving, frame(luck));
      if (frames % framesPerServer === 0) {
        await serving.end();
        serving = await openServing();
      }
    }
    await serving.end();
  } finally {
    await serving[Symbol.asyncDispose]();
  }
};
