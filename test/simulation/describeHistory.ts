import { describePlan } from './describePlan.js';
import { foldHistory, type Happening } from './foldHistory.js';
import type { Outcome } from './simulate.js';

/** Milliseconds since the beginning, as they are shown everywhere. */
export const timeOf = (at: number): string => at.toFixed(1);

/**
 * All that happened, in lines: the plan's facts, and then one thing after the other, with what did not hold among them,
 * behind `!!`, where it was noticed. The simulation must have been traced.
 */
export const describeHistory = ({ plan, log, violations }: Outcome): readonly string[] => {
  const happenings: Happening[] = log.map(happeningOf);
  for (const { at, invariant, what } of violations) {
    const next = happenings.findIndex((happening) => happening.at > at);
    const violation = { at, text: `does not hold: ${invariant}: ${what}`, isWrong: true };
    happenings.splice(next === -1 ? happenings.length : next, 0, violation);
  }
  return [...describePlan(plan), '', ...foldHistory(happenings).map(lineOf)];
};

/** What a world notes is a time and a text, which may have several lines. */
const happeningOf = (line: string): Happening => {
  const [, at, text = line] = /^\s*(\S+) ([^]*)$/.exec(line) ?? [];
  return { at: Number(at), text };
};

const lineOf = ({ at, text, isWrong }: Happening): string =>
  `${isWrong === true ? '!!' : '  '} ${timeOf(at).padStart(8)} ${text.replaceAll('\n', `\n${' '.repeat(12)}`)}`;
