import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A program that runs beside the demo. Disposing of it asks it to end, and makes it end when it takes too long. */
export interface ChildProcess extends AsyncDisposable {
  /** How it ended: `exit code 0`, or a signal's name. */
  readonly ended: Promise<string>;
  /** What it last said on standard error, for when it went wrong. */
  complaint(): string;
  signal(signal: NodeJS.Signals): void;
}

/** How long a program may take to end when it was asked to, in milliseconds. */
const patience = 8_000;

/** Starts a program in a process group of its own, which Ctrl-C at a terminal does not reach. */
export const startChild = (
  [program = '', ...words]: readonly string[],
  onLine: (line: string) => void = () => {},
): ChildProcess => {
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = `${complaint}${text}`.slice(-4_000)));
  createInterface({ input: child.stdout }).on('line', onLine);
  const ended = once(child, 'exit').then(
    () => child.signalCode ?? `exit code ${String(child.exitCode)}`,
    (error: unknown) => `not started: ${String(error)}`,
  );
  return {
    ended,
    complaint: () => complaint.trim(),
    signal: (signal) => void child.kill(signal),
    [Symbol.asyncDispose]: async () => {
      child.kill();
      const timer = setTimeout(() => child.kill('SIGKILL'), patience);
      await ended;
      clearTimeout(timer);
      // Programs that it has started may hold on to these.
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
};
