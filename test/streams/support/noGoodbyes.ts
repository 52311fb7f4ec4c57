import { EMPTY } from 'rxjs';
import type { Binder } from '../../../src/streams/binder.js';

/** A binder that never owes a goodbye, so that no tunnel waits for one. */
export const noGoodbyes: Pick<Binder, 'owesGoodbye' | 'goodbyeSettled$' | 'tunnelsSettled'> = {
  tunnelsSettled: () => undefined,
  owesGoodbye: () => false,
  goodbyeSettled$: EMPTY,
};
