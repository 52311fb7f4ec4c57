import cluster, { type Worker } from 'node:cluster';
import type { Logger } from 'pino';
import { isOurs, slotVariable, type FromWorker, type ToWorker } from './messages.js';

export interface FleetOptions {
  /** How many workers there are to be. */
  readonly size: number;
  /** What is different in their environment. */
  readonly environment: NodeJS.ProcessEnv;
  readonly logger: Logger;
  /** The metrics of all of them. */
  readonly scrape: () => Promise<string>;
}

/** Milliseconds before a worker that died is made anew: the first time, and the longest. */
const [firstWait, longestWait] = [500, 10_000];

/** A worker that has served for so many milliseconds did not die of how it was started. */
const served = 30_000;

/** So many workers, each of which is made anew when it dies. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #waits = new Set<NodeJS.Timeout>();
  readonly #workers = new Set<Worker>();
  /** For each slot, how often in a row its worker died soon. */
  readonly #failures = new Map<number, number>();
  #hasListened = false;
  #isStopping = false;
  #exitCode = 0;
  #end: (exitCode: number) => void = () => {};
  /** Resolves when all have ended, with the exit code for all. */
  readonly ended = new Promise<number>((resolve) => (this.#end = resolve));

  constructor(options: FleetOptions) {
    this.#options = options;
  }

  start(): void {
    for (let slot = 1; slot <= this.#options.size; slot++) this.#fork(slot);
  }

  /** Drains all. They end by themselves. */
  stop(): void {
    this.#isStopping = true;
    for (const wait of this.#waits) clearTimeout(wait);
    this.#waits.clear();
    for (const worker of this.#workers) tell(worker, { kind: 'tailnet:drain' });
    this.#endIfEmpty();
  }

  /** Ends all at once. */
  kill(): void {
    for (const worker of this.#workers) worker.process.kill('SIGKILL');
  }

  #fork(slot: number): void {
    const worker = cluster.fork({ ...this.#options.environment, [slotVariable]: String(slot) });
    const since = performance.now();
    this.#workers.add(worker);
    worker.on('message', (message: unknown) => {
      if (isOurs(message)) this.#hear(worker, message as FromWorker);
    });
    worker.on('exit', (code: number | null, signal: string | null) => {
      this.#workers.delete(worker);
      this.#lose(slot, worker, { code, signal, age: performance.now() - since });
    });
  }

  #hear(worker: Worker, message: FromWorker): void {
    if (message.kind === 'tailnet:listening') {
      this.#hasListened = true;
      return;
    }
    const { scrape } = message;
    this.#options.scrape().then(
      (text) => tell(worker, { kind: 'tailnet:metrics', scrape, text }),
      (error: unknown) => tell(worker, { kind: 'tailnet:metrics', scrape, error: String(error) }),
    );
  }

  #lose(slot: number, worker: Worker, how: { code: number | null; signal: string | null; age: number }): void {
    const { code, signal, age } = how;
    const { logger } = this.#options;
    if (this.#isStopping) {
      this.#exitCode = Math.max(this.#exitCode, code ?? 1);
      this.#endIfEmpty();
      return;
    }
    const details = { worker: slot, worker_pid: worker.process.pid, code, signal };
    if (!this.#hasListened) {
      // It has said why. The others would say the same.
      this.#exitCode = code === null || code === 0 ? 1 : code;
      this.stop();
      return;
    }
    const failures = age > served ? 0 : (this.#failures.get(slot) ?? 0);
    this.#failures.set(slot, failures + 1);
    const wait = Math.min(longestWait, firstWait * 2 ** failures);
    logger.error({ ...details, retry_in_ms: wait }, 'worker ended; starting another');
    const timer = setTimeout(() => {
      this.#waits.delete(timer);
      this.#fork(slot);
    }, wait);
    this.#waits.add(timer);
  }

  #endIfEmpty(): void {
    if (this.#workers.size === 0) this.#end(this.#exitCode);
  }
}

function tell(worker: Worker, message: ToWorker): void {
  // One that has just died hears nothing any more; that it has is told elsewhere.
  if (worker.isConnected()) worker.send(message, () => {});
}
