import { peerActions } from './actionFields.js';
import type { Action, Plan, Step } from './plan.js';

/** What there is in a plan, in lines: who takes part, under which circumstances, and what happens how often. */
export const describePlan = (plan: Plan): readonly string[] => {
  const { seed, peers, coordinators, latency, clocks, batch, rollingCheck, authTime, reusesIds, areLoyal, phases } =
    plan;
  const areWrong = clocks.some((ahead) => ahead !== 0);
  const sites = Array.from({ length: coordinators }, (_, site) => `c${site}`);
  const ofPeers = peerActions(plan);
  const steps = phases.flat();
  const isOfPeers = ({ do: what }: Step): boolean => Object.hasOwn(ofPeers, what);
  return [
    ['seed', String(seed)],
    ['peers', `${peers}; ended by a coordinator, they ${areLoyal ? 'come back with all they had' : 'stay away'}`],
    ['coordinators', `${sites.join(', ')}; started again, they ${reusesIds ? 'have the same ids' : 'have new ids'}`],
    ['clocks', areWrong ? clocks.map((ahead, site) => `c${site} ${signed(ahead)} ms`).join(', ') : 'right'],
    ['latency', latency === 0 ? 'none' : `statements and notifications take less than ${latency} ms`],
    ['authorisation', authTime === 0 ? 'at once' : `takes less than ${authTime} ms`],
    ['batch', `${batch} keys in a statement, ${batch} updates in a response`],
    ['rolling check', `every ${rollingCheck / 1_000} s`],
    ['peers do', countsOf(steps.filter(isOfPeers))],
    ['trouble', countsOf(steps.filter((step) => !isOfPeers(step)))],
    ...phases.map((phase, index) => [
      `phase ${index + 1}`,
      `${phase.length} ${phase.length === 1 ? 'step' : 'steps'} in ${((phase.at(-1)?.at ?? 0) / 1_000).toFixed(1)} s, then a calm`,
    ]),
  ].map(([name = '', text = '']) => `${name.padEnd(13)} ${text}`);
};

const signed = (number: number): string => (number > 0 ? `+${number}` : String(number));

/** What is done most comes first. */
const countsOf = (steps: readonly Step[]): string => {
  const counts = new Map<Action['do'], number>();
  for (const { do: what } of steps) counts.set(what, (counts.get(what) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.length === 0 ? 'none' : sorted.map(([what, count]) => `${what} ${count}`).join(', ');
};
