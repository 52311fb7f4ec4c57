import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildComplaint } from '../support/buildComplaint.js';

/** A program of ours that runs as a process of its own. */
export interface RunningProgram extends AsyncDisposable {
  readonly pid: number;
  /** All lines of standard output so far. */
  readonly lines: readonly string[];
  /** All that came on standard error so far. */
  errors(): string;
  /** The first line, among those so far and those to come, of which this is true. Rejects when the program ends before. */
  line(matches: (line: string) => boolean): Promise<string>;
  signal(signal: NodeJS.Signals): void;
  /** How it ended: the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** mocha may load this file as CommonJS, which has no `import.meta.resolve`. */
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

const root = fileURLToPath(new URL('../../', import.meta.url));

interface ProgramOptions {
  readonly environment?: NodeJS.ProcessEnv;
  /** Default: the root of the project. */
  readonly cwd?: string;
}

/** Runs a TypeScript file of the project, named from its root. Disposing of it kills it, if it still runs. */
export function runProgram(file: string, words: readonly string[], options?: ProgramOptions): RunningProgram {
  return run(file, ['--import', tsx, `${root}${file}`, ...words], options);
}

/**
 * Runs the command line as it was built, as operators do: compiling it for each start anew would take most of the time of
 * the tests that do. Disposing of it kills it, if it still runs.
 *
 * @throws Error when it was not built since its sources changed
 */
export function runCommand(words: readonly string[], options?: ProgramOptions): RunningProgram {
  return run('the command', [builtCommand(), ...words], options);
}

/** Where the command line is that was built. Throws as `runCommand` does. */
export function builtCommand(): string {
  complaint ??= { text: buildComplaint() };
  if (complaint.text !== undefined) throw new Error(complaint.text);
  return `${root}dist/cli/main.js`;
}

/** Nothing is built while tests run, so that looking once is enough. */
let complaint: { readonly text: string | undefined } | undefined;

function run(
  name: string,
  command: readonly string[],
  { environment = {}, cwd = root }: ProgramOptions = {},
): RunningProgram {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(TAILNET_|DATABASE_URL)/.test(name)),
  );
  const child = spawn(process.execPath, command, {
    cwd,
    env: { ...env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let errors = '';
  const waiting = new Set<() => void>();
  const look = () => {
    for (const check of waiting) check();
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  let isOver = false;
  const ended = (once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>).then(([code, signal]) => {
    isOver = true;
    look();
    return code ?? signal ?? 'SIGKILL';
  });
  const line = (matches: (line: string) => boolean) =>
    new Promise<string>((resolve, reject) => {
      const check = () => {
        const found = lines.find(matches);
        if (found === undefined && !isOver) return;
        waiting.delete(check);
        if (found !== undefined) resolve(found);
        else reject(new Error(`${name} ended without such a line:\n${lines.join('\n')}\n${errors}`));
      };
      waiting.add(check);
      check();
    });
  return {
    pid: child.pid ?? 0,
    lines,
    errors: () => errors,
    line,
    signal: (signal) => void child.kill(signal),
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
