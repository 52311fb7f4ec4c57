import type { Microseconds } from '../store.js';
import { onlyRow } from './runStatement.js';

/** When it was written, and as whom the bus knows who announced it: the answer of a statement that notifies. */
interface Written {
  readonly at: Microseconds;
  /** Undefined where the statement itself announces nothing. */
  readonly sender?: number;
}

interface Row {
  /** Exact as a number until the year 2255. `pg` gives a bigint as text. */
  readonly at: string;
  readonly sender?: number;
}

/** Takes the answer out of the only row, and nothing else that stands there. */
export const answerOfWrite = (rows: readonly Row[]): Written => {
  const { at, sender } = onlyRow(rows);
  return { at: Number(at), ...(sender !== undefined && { sender }) };
};
