import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UsageError } from '../../src/cli/usageError.js';
import type { Plan, Step } from './plan.js';
import { readPlan } from './readPlan.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Where plans are kept that failed; not a part of the project. */
const ofFailures = join(root, '.simulation');

/**
 * Keeps a plan in a file, in the place of what was there.
 *
 * @returns its path, to be given to `--plan`
 */
export const keepPlan = (plan: Plan, name: string, directory = ofFailures): string => {
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${name}.json`);
  writeFileSync(file, planToJson(plan));
  return directory === ofFailures ? relative(root, file) : file;
};

/** @throws UsageError `FILE: cannot be read: …`, or what is wrong with the plan behind `FILE: ` */
export const readPlanFile = (file: string): Plan => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file}: cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    return readPlan(text);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
};

/** For people, too: each step on a line of its own. */
const planToJson = ({ phases, ...facts }: Plan): string => {
  const factLines = Object.entries(facts).map(([name, value]) => `  "${name}": ${JSON.stringify(value)},`);
  const phaseLines = phases.map((steps) => {
    const lines = steps.map(({ at, do: what, ...rest }: Step) => `      ${JSON.stringify({ at, do: what, ...rest })}`);
    return lines.length === 0 ? '    []' : `    [\n${lines.join(',\n')}\n    ]`;
  });
  return `{\n${factLines.join('\n')}\n  "phases": [\n${phaseLines.join(',\n')}\n  ]\n}\n`;
};
