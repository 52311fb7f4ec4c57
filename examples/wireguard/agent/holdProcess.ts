import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Observable } from 'rxjs';

/**
 * A program that runs for as long as somebody is subscribed. Emits the lines that it prints; errors when it cannot be
 * started, or ends by itself. Unsubscribing asks it to end (SIGTERM).
 */
export const holdProcess = (program: string, words: readonly string[]): Observable<string> =>
  new Observable((subscriber) => {
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint = `${complaint}${text}`.slice(-2000)));
    createInterface({ input: child.stdout }).on('line', (line) => subscriber.next(line));
    child.on('error', (error) => subscriber.error(error));
    child.on('close', (code, signal) => {
      subscriber.error(new Error(`${program} ended: ${signal ?? `exit code ${String(code)}`}\n${complaint}`.trim()));
    });
    return () => child.kill();
  });
