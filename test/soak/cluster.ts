import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Uuid } from '../../src/db/store.js';
import { coordinatorProgram, mainProgram, type CoordinatorProcess } from '../processes/coordinatorProcess.js';

/** The places where coordinators run. The first is never ended, so that there is one long series of its figures. */
export const places = ['first', 'second', 'third'] as const;

/** A coordinator at a place. When it ends, another one takes its place. */
export interface Site {
  readonly place: string;
  /** How many were there before it. */
  readonly generation: number;
  readonly coordinatorId: Uuid;
  readonly process: CoordinatorProcess;
}

export interface Cluster extends AsyncDisposable {
  readonly sites: readonly Site[];
  /** Of the sites; change when one of them starts again. */
  readonly urls: readonly string[];
  /** Ends a coordinator, and resolves with how it ended. */
  end(index: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | NodeJS.Signals>;
  /** Starts another one in the place of one that has ended. Resolves when it listens. */
  restart(index: number): Promise<void>;
  /** Of coordinators that ended more than so many milliseconds ago, each once. */
  endedBefore(milliseconds: number): readonly Uuid[];
  /** How often each message was logged at these levels of pino, as `error: heartbeat failed`. */
  logged(): ReadonlyMap<string, number>;
}

const levels: ReadonlyMap<number, string> = new Map([
  [40, 'warn'],
  [50, 'error'],
  [60, 'fatal'],
]);

const probe = pathToFileURL(fileURLToPath(new URL('./probe.mjs', import.meta.url))).href;

/**
 * Starts a coordinator at each place with `serve`, as it was built, and a probe loaded beside it.
 *
 * @param fail told of one that ends without being told to
 */
export const openCluster = async (databaseUrl: string, fail: (reason: string) => void): Promise<Cluster> => {
  const toldToEnd = new Set<CoordinatorProcess>();
  const all: CoordinatorProcess[] = [];
  const sites: Site[] = [];
  const urls: string[] = [];
  const dead: { readonly id: Uuid; readonly at: number }[] = [];

  const start = async (index: number, place: string): Promise<void> => {
    const words = [
      '--expose-gc',
      '--import',
      probe,
      mainProgram,
      'serve',
      '--database-url',
      databaseUrl,
      '--port',
      '0',
    ];
    const process = coordinatorProgram(words, true);
    all.push(process);
    void process.ended.then((how) => {
      if (toldToEnd.has(process)) return;
      fail(`the ${place} coordinator ended by itself: ${how}\n${process.log().split('\n').slice(-20).join('\n')}`);
    });
    const { url, coordinatorId } = await process.listening;
    sites[index] = { place, generation: (sites[index]?.generation ?? -1) + 1, coordinatorId, process };
    urls[index] = url;
  };
  const siteAt = (index: number): Site => {
    const site = sites[index];
    if (site === undefined) throw new RangeError(`there is no coordinator ${index}`);
    return site;
  };
  const dispose = async (): Promise<void> => {
    for (const process of all) toldToEnd.add(process);
    await Promise.all(all.map((process) => process[Symbol.asyncDispose]()));
  };

  try {
    await Promise.all(places.map((place, index) => start(index, place)));
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    sites,
    urls,
    end: async (index, signal) => {
      const { process, coordinatorId } = siteAt(index);
      toldToEnd.add(process);
      process.signal(signal);
      const how = await process.ended;
      dead.push({ id: coordinatorId, at: performance.now() });
      return how;
    },
    restart: (index) => start(index, siteAt(index).place),
    endedBefore: (milliseconds) => {
      const now = performance.now();
      const old = dead.filter(({ at }) => now - at > milliseconds);
      for (const one of old) dead.splice(dead.indexOf(one), 1);
      return old.map(({ id }) => id);
    },
    logged: () => {
      const counts = new Map<string, number>();
      for (const line of all.flatMap((process) => process.log().split('\n'))) {
        const message = messageOf(line);
        if (message !== undefined) counts.set(message, (counts.get(message) ?? 0) + 1);
      }
      return counts;
    },
    [Symbol.asyncDispose]: dispose,
  };
};

/** What is no JSON comes from Node.js itself, and is as bad as an error. */
const messageOf = (line: string): string | undefined => {
  if (line === '') return undefined;
  if (!line.startsWith('{')) return `error: ${line}`;
  const { level, msg } = JSON.parse(line) as { readonly level: number; readonly msg?: string };
  const name = levels.get(level);
  return name === undefined ? undefined : `${name}: ${msg ?? ''}`;
};
