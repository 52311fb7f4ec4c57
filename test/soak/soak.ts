import { setTimeout as delay } from 'node:timers/promises';
import { chance } from '../support/chance.js';
import { privateServer } from '../support/privateServer.js';
import { query } from '../support/query.js';
import { showProgress } from '../tools/showProgress.js';
import { openCluster } from './cluster.js';
import { openCrowd } from './crowd.js';
import { faults, removeCoordinators, type Stage } from './faults.js';
import type { Sample } from './metrics.js';
import type { SoakOptions } from './soakCommand.js';
import { sampler } from './takeSample.js';

/** A fault, and how long it took until everybody saw what is true; undefined if it took too long. */
export interface Recovery {
  readonly kind: string;
  readonly detail: string;
  /** When it was over, in seconds since the start. */
  readonly at: number;
  readonly milliseconds: number | undefined;
}

export interface SoakResult {
  readonly minutes: number;
  readonly isInterrupted: boolean;
  readonly recoveries: readonly Recovery[];
  readonly samples: readonly Sample[];
  readonly failures: readonly string[];
  readonly deeds: ReadonlyMap<string, number>;
  readonly logged: ReadonlyMap<string, number>;
  readonly postgresql: string;
}

/** Within so many milliseconds after a fault all must be right. */
const longestCalm = 20_000;

/** Milliseconds from one sample to the next, besides those of each calm. */
const samplePeriod = 5_000;

/** Milliseconds of peers' doings between a calm and the next fault. */
const [leastActivity, mostActivity] = [2_000, 5_000];

/** Rows of coordinators that ended are cleaned up a day later; to see whether numbers stay flat, that is done by then. */
const dayInMilliseconds = 60_000;

/** Runs until the time is over or `stop` aborts, and ends all that it started. */
export const soak = async (options: SoakOptions, stop: AbortSignal): Promise<SoakResult> => {
  const failures: string[] = [];
  const fail = (reason: string): void => {
    if (!stop.aborted) failures.push(reason);
  };
  const draw = chance(options.seed);
  await using server = await privateServer();
  const [version] = await query<{ server_version: string }>(server.url, 'show server_version');
  await using cluster = await openCluster(server.url, fail);
  using crowd = openCrowd({ urls: cluster.urls, peers: options.peers, chance: draw, fail });
  const stage: Stage = { server, cluster, crowd, chance: draw, fail };
  const sample = sampler(server.url, cluster, (place) => crowd.hereAt(place));
  const samples: Sample[] = [];
  const recoveries: Recovery[] = [];
  const start = performance.now();
  const end = start + options.minutes * 60_000;
  const isOver = (): boolean => stop.aborted || performance.now() >= end;
  let isCalm = true;

  const acting = setInterval(() => {
    if (!isCalm) crowd.act();
  }, 1000 / options.rate);
  const sampling = setInterval(() => {
    if (!isCalm) void sample(false).then((taken) => samples.push(taken));
  }, samplePeriod);
  using _progress = showProgress('soak', () => {
    const seconds = Math.round((performance.now() - start) / 1000);
    const left = Math.max(0, Math.round(options.minutes * 60 - seconds));
    return `seed ${options.seed}, ${seconds} s, ${left} s left, ${recoveries.length} faults, ${crowd.here} peers here, ${failures.length} failures`;
  });

  /** Lets nobody do anything until all is right, and takes a sample of that. */
  const calmDown = async (): Promise<number | undefined> => {
    isCalm = true;
    try {
      const took = await crowd.calm(longestCalm);
      const taken = await sample(true);
      samples.push(taken);
      for (const what of taken.missing) fail(`could not be measured although all was right: ${what}`);
      return took;
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };

  const run = async (): Promise<void> => {
    await calmDown();
    let waiting: string[] = [];
    while (!isOver()) {
      isCalm = false;
      const activity = leastActivity + draw.below(mostActivity - leastActivity);
      await delay(activity, undefined, { signal: stop });
      // Each kind comes once before any comes again.
      if (waiting.length === 0) waiting = Object.keys(faults);
      const kind = draw.oneOf(waiting);
      waiting = waiting.filter((other) => other !== kind);
      const detail = (await faults[kind]?.(stage)) ?? '';
      const at = (performance.now() - start) / 1000;
      const failed = failures.length;
      // What is broken shows only when there is something to be heard of.
      crowd.updateSome();
      const milliseconds = await calmDown();
      recoveries.push({ kind, detail, at, milliseconds });
      if (milliseconds === undefined && failures.length > failed) {
        fail(`that was after: ${kind} (${detail}), ${Math.round(at)} s after the start`);
      }
      const old = cluster.endedBefore(dayInMilliseconds);
      if (old.length > 0) await removeCoordinators(server.url, crowd, old);
    }
  };

  const stopped = new Promise<void>((resolve) => {
    if (stop.aborted) resolve();
    stop.addEventListener('abort', () => {
      resolve();
    });
  });
  try {
    // What goes wrong because all ends is of no interest.
    const running = run().catch((error: unknown) => {
      fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
    });
    await Promise.race([running, stopped]);
  } finally {
    clearInterval(acting);
    clearInterval(sampling);
  }
  const logged = cluster.logged();
  for (const [message, count] of logged) if (message.startsWith('fatal')) fail(`logged ${count} times: ${message}`);
  return {
    minutes: (performance.now() - start) / 60_000,
    isInterrupted: stop.aborted,
    postgresql: version?.server_version ?? 'unknown',
    ...{ recoveries, samples, failures: [...failures], deeds: crowd.deeds, logged },
  };
};
