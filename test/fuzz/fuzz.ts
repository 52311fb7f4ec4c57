import { chance } from '../support/chance.js';
import { attempt, draw } from './attempt.js';
import { openCalling } from './calling.js';
import { comparing } from './comparing.js';
import { decoding } from './decoding.js';
import { hearing } from './hearing.js';
import { proving } from './proving.js';
import { reading } from './reading.js';
import { openServing } from './serving.js';
import { splitting } from './splitting.js';

/** So many frames, and what is served and remembered begins anew. */
const framesPerServer = 2_000;

/** A frame over a socket takes as long as so many calls, and a connection of HTTP/2 as so many frames. */
const [callsPerFrame, framesPerConnection] = [25, 10];

/**
 * Tries inputs that the seed draws, until it is over. Rejects with the first that goes wrong.
 *
 * @param tried told of each input before it is tried
 */
export const fuzz = async (seed: number, isOver: () => boolean, tried: () => void): Promise<void> => {
  const luck = chance(seed);
  const targets = [decoding, comparing, reading, hearing, proving, splitting].map((target) => ({
    target,
    input: draw(target),
  }));
  let [serving, calling] = [await openServing(), await openCalling()];
  const [frame, connection] = [draw(serving), draw(calling)];
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
      if (frames % framesPerConnection === 0) {
        tried();
        await attempt(calling, connection(luck));
      }
      if (frames % framesPerServer === 0) {
        await serving.end();
        await calling.end();
        [serving, calling] = [await openServing(), await openCalling()];
      }
    }
    await serving.end();
    await calling.end();
  } finally {
    await serving[Symbol.asyncDispose]();
    await calling[Symbol.asyncDispose]();
  }
};
