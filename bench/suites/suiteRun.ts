import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { once } from 'node:events';
import type { CommandLine } from '../commandLine.js';
import type { Lists, Numbers, Suite } from '../command.js';
import { programOf } from '../programOf.js';
import type { Progress } from '../progress.js';
import { commonOptions, optionsOf, repeatable } from '../repeatable.js';

/** A line that a workload printed. */
export interface Result {
  readonly workload: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly metrics: Readonly<Record<string, unknown>>;
}

/** What a suite runs in. */
export interface SuiteRun {
  readonly numbers: Numbers;
  readonly lists: Lists;
  /** The command as it can be repeated, without the address of the database. */
  readonly command: string;
  /** Runs a workload in a fresh process, with the common options of the suite. Rejects if it fails. */
  measure(workload: string, numbers?: Numbers): Promise<Result>;
  progress(text: string): void;
}

export const runSuite = async (
  line: CommandLine,
  suite: Suite,
  url: string,
  progress: Progress,
  ending: (() => Promise<void>)[],
): Promise<void> => {
  const common = commonOptions(line);
  let current: { kill(): Promise<void> } | undefined;
  ending.push(async () => current?.kill());
  await suite.run({
    numbers: line.numbers,
    lists: line.lists,
    command: repeatable(line),
    progress: progress.say,
    measure: async (workload, numbers = {}) => {
      progress.end();
      const args = [workload, '--database-url', url, ...common, ...optionsOf(numbers)];
      const child = spawn(process.execPath, [...process.execArgv, programOf('main'), ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
      current = {
        kill: async () => {
          child.kill('SIGTERM');
          await closed;
        },
      };
      const [printed, [code, signal]] = await Promise.all([text(child.stdout), closed]);
      current = undefined;
      if (code !== 0)
        throw new Error(`${workload} ${optionsOf(numbers).join(' ')} failed (${signal ?? `exit ${code}`})`);
      return JSON.parse(printed) as Result;
    },
  });
};
