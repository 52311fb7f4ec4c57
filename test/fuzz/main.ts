// npm run fuzz -- --seconds 60 --seed 7
import { parseArgs } from 'node:util';
import { chance } from '../support/chance.js';
import { attempt, draw, FuzzFailure } from './attempt.js';
import { comparing } from './comparing.js';
import { decoding } from './decoding.js';
import { hearing } from './hearing.js';
import { proving } from './proving.js';
import { reading } from './reading.js';
import { openServing } from './serving.js';

const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } });
const seed = Number(values.seed ?? Date.now() % 2 ** 32);
const end = performance.now() + 1000 * Number(values.seconds ?? Infinity);
if (!Number.isInteger(seed) || Number.isNaN(end)) throw new RangeError('--seed and --seconds are numbers');

/** Milliseconds from one line to the next. */
const linePeriod = 5000;

/** So many frames, and what is served and remembered begins anew. */
const framesPerServer = 2000;

let serving = await openServing();
/** A frame over a socket takes as long as so many calls. */
const callsPerFrame = 25;
const targets = [decoding, comparing, reading, hearing, proving].map((target) => ({ target, draw: draw(target) }));
const drawFrame = draw(serving);

console.log(`seed ${seed}`);
let inputs = 0;
let frames = 0;
let line = performance.now() + linePeriod;
try {
  const luck = chance(seed);
  while (performance.now() < end) {
    for (const { target, draw: input } of targets) {
      for (let time = 0; time < callsPerFrame; time++) await attempt(target, input(luck));
    }
    await attempt(serving, drawFrame(luck));
    inputs += targets.length * callsPerFrame + 1;
    if (++frames % framesPerServer === 0) {
      await serving.end();
      serving = await openServing();
    }
    if (performance.now() < line) continue;
    line += linePeriod;
    console.log(`${inputs} inputs, all right`);
  }
  await serving.end();
  console.log(`${inputs} inputs, all right; the end`);
} catch (error) {
  console.error(`seed ${seed}, after ${inputs} inputs`);
  console.error(error instanceof FuzzFailure ? error.message : error);
  process.exit(1);
}
