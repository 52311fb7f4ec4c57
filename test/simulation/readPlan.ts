import { UsageError } from '../../src/cli/usageError.js';
import { largestSeed } from '../tools/parsers.js';
import { boolean, listOf, longest, peerActions, troubles, whole, type Check } from './actionFields.js';
import type { Plan, Step } from './plan.js';

/** What a plan holds besides its phases. */
const facts: Readonly<Record<Exclude<keyof Plan, 'phases'>, Check>> = {
  seed: whole(0, largestSeed),
  peers: whole(1, 1_000),
  coordinators: whole(1, 100),
  latency: whole(0, 60_000),
  clocks: listOf(whole(-longest, longest)),
  batch: whole(1, 10_000),
  rollingCheck: whole(1_000, longest),
  authTime: whole(0, 60_000),
  reusesIds: boolean,
  areLoyal: boolean,
};

const list: Check = { wanted: 'a list', holds: Array.isArray };

/**
 * Reads a plan from JSON, and takes nothing that could not be acted out.
 *
 * @throws UsageError with one line: `it is no JSON: …`, `peers is missing: it must be a whole number from 1 to 1000`,
 *   `phases[0][3].peer must be a whole number from 0 to 7; got 9`, and the like
 */
export const readPlan = (text: string): Plan => {
  const value = parse(text);
  checkFields('', value, { ...facts, phases: list }, 'a plan');
  const plan = value as Plan;
  if (plan.clocks.length !== plan.coordinators) {
    throw new UsageError(
      `clocks must be as many as coordinators, which are ${plan.coordinators}; got ${plan.clocks.length}`,
    );
  }
  const actions: Actions = { ...peerActions(plan), ...troubles(plan) };
  plan.phases.forEach((phase, index) => {
    checkPhase(`phases[${index}]`, phase, actions);
  });
  return plan;
};

type Actions = Readonly<Record<string, Readonly<Record<string, Check>>>>;

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`it is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const checkPhase = (path: string, phase: unknown, actions: Actions): void => {
  checkValue(path, phase, list);
  let before = 0;
  (phase as readonly unknown[]).forEach((value, index) => {
    const step = checkStep(`${path}[${index}]`, value, actions);
    // The last step says how long the phase is.
    if (step.at < before) {
      throw new UsageError(
        `${path}[${index}].at must not be less than that of the step before, which is ${before}; got ${step.at}`,
      );
    }
    before = step.at;
  });
};

const checkStep = (path: string, value: unknown, actions: Actions): Step => {
  checkValue(path, value, object);
  const name = (value as Readonly<Record<string, unknown>>)['do'];
  const fields = typeof name === 'string' && Object.hasOwn(actions, name) ? actions[name] : undefined;
  if (fields === undefined) {
    throw new UsageError(`${path}.do must be one of ${Object.keys(actions).join(', ')}; got ${shown(name)}`);
  }
  checkFields(`${path}.`, value, { at: whole(0, longest), do: anything, ...fields }, `"${String(name)}"`);
  return value as Step;
};

const object: Check = {
  wanted: 'an object',
  holds: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

const anything: Check = { wanted: 'something', holds: () => true };

/** Each field is there, and as it must be; and there is no other. */
const checkFields = (prefix: string, value: unknown, fields: Readonly<Record<string, Check>>, whose: string): void => {
  checkValue(prefix === '' ? whose : prefix.slice(0, -1), value, object);
  const found = value as Readonly<Record<string, unknown>>;
  for (const [name, check] of Object.entries(fields)) {
    if (!Object.hasOwn(found, name)) throw new UsageError(`${prefix}${name} is missing: it must be ${check.wanted}`);
    checkValue(`${prefix}${name}`, found[name], check);
  }
  for (const name of Object.keys(found)) {
    if (Object.hasOwn(fields, name)) continue;
    throw new UsageError(`${prefix}${name} is unknown: ${whose} has ${Object.keys(fields).join(', ')}`);
  }
};

const checkValue = (path: string, value: unknown, { wanted, holds }: Check): void => {
  if (!holds(value)) throw new UsageError(`${path} must be ${wanted}; got ${shown(value)}`);
};

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};
