import { EMPTY } from 'rxjs';
import type { Binder } from '../../../src/streams/binder.js';

/** A binder that never owes a goodbye: no tunnel waits for one. */
export const noGoodbyes: Pick<Binder, 'owesGoodbye' | 'goodbyeSettled$'> = {
  owesGoodbye: () => false,
  goodbyeSettled$: EMPTY,
};
