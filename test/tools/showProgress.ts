import { asyncScheduler, interval, type SchedulerLike } from 'rxjs';
import { createProgress, type Terminal } from '../../bench/progress.js';

/** Shown until it is disposed of. */
export interface Progress extends Disposable {
  /** Prints a text on stdout that stays; a line on the terminal makes way for it. */
  print(text: string): void;
}

/** Milliseconds from one look to the next: on a terminal, and where each is a line that stays. */
const [onTerminal, elsewhere] = [500, 10_000];

interface ProgressOptions {
  /** Default stderr. */
  readonly out?: Terminal;
  /** Default real time. */
  readonly scheduler?: SchedulerLike;
}

/**
 * Says again and again how far something is: in one line that changes where stderr is a terminal, in a line every 10 s
 * where it is a file or a pipe.
 */
export const showProgress = (
  name: string,
  howFar: () => string,
  { out = process.stderr, scheduler = asyncScheduler }: ProgressOptions = {},
): Progress => {
  const line = createProgress(name, out);
  const showing = interval(out.isTTY === true ? onTerminal : elsewhere, scheduler).subscribe(() => {
    if (out.isTTY === true) line.say(howFar());
    else out.write(`${name}: ${howFar()}\n`);
  });
  return {
    print: (text) => {
      line.end();
      console.log(text);
    },
    [Symbol.dispose]: () => {
      showing.unsubscribe();
      line.end();
    },
  };
};
