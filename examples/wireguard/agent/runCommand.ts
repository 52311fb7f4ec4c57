import { execFile } from 'node:child_process';
import { Observable } from 'rxjs';

/** How long a command may take before it is taken for stuck, in milliseconds. */
const patience = 60_000;

/** What a command may print, in bytes: a peer takes about 180 of what `wg show` prints. */
const maxOutput = 256 * 1024 * 1024;

/**
 * Runs a program when subscribed to: emits what it printed, and completes. Errors with its name, its words and what it
 * said when it fails. Unsubscribing ends it.
 *
 * @param input what it finds on its standard input
 */
export const runCommand = (program: string, words: readonly string[], input = ''): Observable<string> =>
  new Observable((subscriber) => {
    const child = execFile(program, words, { timeout: patience, maxBuffer: maxOutput }, (error, stdout, stderr) => {
      if (error === null) {
        subscriber.next(stdout);
        subscriber.complete();
      } else {
        const reason = stderr.trim() === '' ? error.message : stderr.trim();
        subscriber.error(new Error(`${program} ${words.join(' ')}: ${reason}`, { cause: error }));
      }
    });
    // A program that does not read its input closes it: what matters is how it ends.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
    return () => child.kill();
  });
