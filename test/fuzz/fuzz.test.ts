import { expect } from 'chai';
import { chance } from '../support/chance.js';
import { attempt, draw } from './attempt.js';
import { openCalling } from './calling.js';
import { comparing } from './comparing.js';
import { corpusOf, foundOf } from './corpus.js';
import { decoding } from './decoding.js';
import { hearing } from './hearing.js';
import { proving } from './proving.js';
import { reading } from './reading.js';
import { openServing, type ServingTarget } from './serving.js';
import { splitting } from './splitting.js';
import type { Target } from './target.js';

/** The same in every run, unless another is wanted. */
const seed = Number(process.env['TAILNET_TEST_SEED'] ?? 20_240_401);

const tryAll = async (target: Target, count: number): Promise<void> => {
  for (const input of [...target.seeds, ...corpusOf(target.name), ...foundOf(target.name)])
    await attempt(target, input);
  const luck = chance(seed);
  const input = draw(target);
  for (let tried = 0; tried < count; tried++) await attempt(target, input(luck));
};

describe('strange input', () => {
  it('has a corpus', () => {
    for (const name of ['decoding', 'comparing', 'reading', 'hearing', 'proving', 'serving', 'calling', 'splitting']) {
      expect(corpusOf(name), name).to.have.length.above(5);
    }
  });

  it('in protobuf is refused, or read as an independent decoder reads it', () => tryAll(decoding, 10_000));

  it('in place of nodes is compared as what it is decoded to', () => tryAll(comparing, 10_000));

  it('in JSON is refused, or means the same when it is written again', () => tryAll(reading, 10_000));

  it('on the bus is a hint, or a line in the log', () => tryAll(hearing, 10_000));

  it('in place of a token proves nothing', () => tryAll(proving, 5000));

  it('in V1 is found whatever its chunks, and is refused, or means the same when it is written again', () =>
    tryAll(splitting, 5000));

  describe('in a frame', () => {
    let serving: ServingTarget;
    beforeEach(async () => (serving = await openServing()));
    afterEach(() => serving.end());

    it('ends its own connection at most, as documented, and what is taken is passed on as it is', async () => {
      await tryAll(serving, 500);
    });
  });

  describe('over HTTP/2', () => {
    let calling: ServingTarget;
    beforeEach(async () => (calling = await openCalling()));
    afterEach(() => calling.end());

    it('ends its own connection at most, and leaves nothing behind', async () => {
      await tryAll(calling, 200);
    });
  });
});
