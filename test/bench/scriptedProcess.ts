import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ReplaySubject, filter, firstValueFrom, timeout } from 'rxjs';

export type Said = Readonly<Record<string, unknown>>;

/** A scripted coordinator that runs. Disposing of it kills it. */
export interface ScriptedProcess extends AsyncDisposable {
  /** Writes a line: an op, or text as it is. */
  tell(line: Said | string): void;
  /** The first event, among those so far and those to come, that has all of this. */
  hears(wanted: Said): Promise<Said>;
  /** Ends its input. */
  endInput(): void;
  /** All lines that it wrote on stdout, and its exit code, when it has ended. */
  readonly ended: Promise<{ readonly lines: readonly string[]; readonly errors: string; readonly code: number | null }>;
}

const program = fileURLToPath(new URL('../../bench/coordinator.ts', import.meta.url));
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** Milliseconds to wait for an event, on a slow machine. */
const patience = 20_000;

export const scriptedProcess = (...words: readonly string[]): ScriptedProcess => {
  const child = spawn(process.execPath, ['--import', tsx, program, ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
  // It may have ended while it is told something.
  child.stdin.on('error', () => {});
  const lines: string[] = [];
  const said$ = new ReplaySubject<Said>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    said$.next(JSON.parse(line) as Said);
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const closed = once(child, 'close') as Promise<[number | null]>;
  const ended = closed.then(([code]) => {
    said$.complete();
    return { lines, errors, code };
  });
  return {
    tell: (line) => {
      child.stdin.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
    },
    hears: (wanted) =>
      firstValueFrom(
        said$.pipe(
          filter((event) => Object.entries(wanted).every(([name, value]) => event[name] === value)),
          timeout({ first: patience }),
        ),
      ),
    endInput: () => child.stdin.end(),
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
};
