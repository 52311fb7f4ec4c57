import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** How long a terminal may take to show something, in milliseconds. */
const patience = 60_000;

/** A shell that somebody types into, and reads. */
export class Terminal implements AsyncDisposable {
  readonly #shell;
  readonly #closed: Promise<unknown>;
  #shown = '';
  /** As much of it was looked at. */
  #read = 0;
  #look = (): void => undefined;

  constructor(cwd: string, environment: Readonly<Record<string, string>>) {
    const own = Object.entries(process.env).filter(([name]) => !/^(TAILNET_|DATABASE_URL|npm_)/.test(name));
    this.#shell = spawn('bash', ['--norc'], {
      cwd,
      env: { ...Object.fromEntries(own), ...environment },
      // A group of its own, as the processes of a terminal have.
      detached: true,
    });
    this.#closed = once(this.#shell, 'close');
    for (const stream of [this.#shell.stdout, this.#shell.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#shown += text;
        this.#look();
      });
    }
  }

  /** Types commands. They are read when what runs in the foreground has ended. */
  type(commands: string): void {
    this.#shell.stdin.write(commands);
  }

  /** Ctrl-C: reaches what runs in the foreground. The shell itself goes on, since that ends in order. */
  interrupt(): void {
    this.#signal('SIGINT');
  }

  /**
   * Resolves as soon as this is shown, after what was read before. Rejects with all that was shown instead.
   *
   * @param isRead whether all up to there counts as read from then on
   */
  shows(pattern: RegExp, isRead = true): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#look = () => undefined;
        reject(new Error(`the terminal never showed ${String(pattern)}, but:\n${this.#shown}`));
      }, patience);
      this.#look = () => {
        const found = pattern.exec(this.#shown.slice(this.#read));
        if (found === null) return;
        if (isRead) this.#read += found.index + found[0].length;
        this.#look = () => undefined;
        clearTimeout(timer);
        resolve();
      };
      this.#look();
    });
  }

  /** Closes the terminal: first in order, then for good. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#shell.stdin.end();
    this.#signal('SIGINT');
    const timer = setTimeout(() => this.#signal('SIGKILL'), 10_000);
    await this.#closed;
    clearTimeout(timer);
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-(this.#shell.pid ?? 0), signal);
    } catch {
      // All of them have ended.
    }
  }
}
