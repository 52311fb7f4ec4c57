import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Observable } from 'rxjs';

/** How many of the last lines of a program are in the error when it ends. */
const linesKept = 10;

/**
 * A program that runs for as long as somebody is subscribed. Emits the lines that it prints; errors when it cannot be
 * started, or ends by itself, with the last lines that it wrote anywhere. Unsubscribing asks it to end (SIGTERM).
 */
export const holdProcess = (program: string, words: readonly string[]): Observable<string> =>
  new Observable((subscriber) => {
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    const last: string[] = [];
    const keep = (line: string): void => {
      // wireguard-go frames its advice to use the kernel's WireGuard, which is no reason for anything.
      if (!/^[┌│└]/.test(line)) last.push(line);
      if (last.length > linesKept) last.shift();
    };
    createInterface({ input: child.stderr }).on('line', keep);
    createInterface({ input: child.stdout }).on('line', (line) => {
      keep(line);
      subscriber.next(line);
    });
    child.on('error', (error) => subscriber.error(error));
    child.on('close', (code, signal) => {
      const how = signal ?? `exit code ${String(code)}`;
      subscriber.error(new Error([`${program} ended: ${how}`, ...last].join('\n')));
    });
    return () => child.kill();
  });
