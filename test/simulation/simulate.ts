import { config } from 'rxjs';
import type { Violation } from './invariants.js';
import { checkAcknowledgements, checkCoordinators, checkNoInterest, checkSights, checkTables } from './calmChecks.js';
import { createObstacles } from './obstacles.js';
import { createPerformance } from './perform.js';
import { describeAction, type Plan } from './plan.js';
import { checkPeriod } from './siteWatch.js';
import { World } from './world.js';

/** How a simulation went. */
export interface Outcome {
  readonly plan: Plan;
  /** Empty if every invariant held. It ends with the first phase in which one did not. */
  readonly violations: readonly Violation[];
  /** What happened, when it was asked for. */
  readonly log: readonly string[];
}

/**
 * Milliseconds after the last fault within which everything must have come right: silence is noticed, an outage's grace
 * is over, what a broken connection still did late has been looked for, every wait has ended.
 */
const settling = 25_000;

/** The same where only a rolling check can notice: two periods of it, and the time to read. */
const slowSettling = 60_000;

/** Milliseconds of a calm in which nothing may be written but heartbeats, although everybody says the same again. */
const quiet = 5_000;

/** Runs a plan, to the end or to the first phase after which something is wrong. The same plan gives the same outcome. */
export const simulate = (plan: Plan, { isTracing = false }: { readonly isTracing?: boolean } = {}): Outcome => {
  const world = new World(plan, isTracing);
  const performance = createPerformance(world);
  const obstacleTo = createObstacles(world);
  const { judge } = world;
  const { onUnhandledError } = config;
  config.onUnhandledError = (error) => {
    judge.complain('no defect', `thrown: ${String(error)}`);
  };
  const watch = (): void => {
    world.watch.check();
    world.after(checkPeriod, watch);
  };
  watch();

  const act = (phase: Plan['phases'][number]): void => {
    for (const step of phase) {
      world.after(step.at, () => {
        const obstacle = obstacleTo(step);
        world.note(`${describeAction(step)}${obstacle === undefined ? '' : ` (left out: ${obstacle})`}`);
        if (obstacle === undefined) performance.perform(step);
      });
    }
    world.pass((phase.at(-1)?.at ?? 0) + 1);
  };

  const calm = (): void => {
    world.note('calm');
    performance.end();
    for (const link of [...world.halfOpen]) world.drop(link);
    const { authTime } = world;
    // What waits to be authorised is, now: a peer that said much in a row would be at it for longer than a calm lasts.
    world.authTime = 0;
    world.pass(1_000);
    for (const site of world.sites) world.restart(site);
    world.pass((judge.isSlow ? slowSettling : settling) - 1_000 - quiet);
    world.authTime = authTime;
    const before = world.writes;
    world.repeatAll();
    world.pass(quiet);
    // What was refused is written now, when it is said again.
    if (world.writes > before && world.refused.size === 0)
      judge.complain('quiet when idle', `${world.writes - before} writes`);
    checkSights(world);
    checkTables(world);
    checkCoordinators(world);
    judge.allIsCalm();
    checkAcknowledgements(world);
    world.refused.clear();
  };

  try {
    for (const [index, phase] of plan.phases.entries()) {
      world.note(`phase ${index + 1} of ${plan.phases.length}`);
      act(phase);
      if (judge.violations.length > 0) break;
      calm();
      if (judge.violations.length > 0) break;
    }
    if (judge.violations.length === 0) {
      checkNoInterest(world);
      for (const site of world.sites) world.close(site, Infinity);
      world.pass(30_000);
      world.checkAllClosed();
    }
  } catch (error) {
    judge.complain('no defect', error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    config.onUnhandledError = onUnhandledError;
  }
  return { plan, violations: judge.violations, log: world.log };
};
