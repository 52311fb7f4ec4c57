import cluster, { type Worker } from 'node:cluster';
import type { Logger } from 'pino';
import { FleetMetrics } from './fleetMetrics.js';
import { isOurs, slotVariable, type FromWorker, type ToWorker } from './messages.js';
import { Questions } from './questions.js';

export interface FleetOptions {
  /** How many workers there are to be. */
  readonly size: number;
  /** What is different in their environment. */
  readonly environment: NodeJS.ProcessEnv;
  readonly logger: Logger;
  /** Milliseconds that all may take to end. */
  readonly stopLimit: number;
}

/** A worker that is there. */
interface Member {
  readonly slot: number;
  readonly worker: Worker;
  /** Whether it hears what it is told. */
  hasSaidHello: boolean;
  /** Whether peers can connect to it, and it has metrics. */
  isListening: boolean;
}

/** How a worker ended, or why there is none. */
interface Loss {
  readonly pid?: number | undefined;
  readonly code?: number | null;
  readonly signal?: string | null;
  readonly err?: unknown;
  /** Milliseconds for which it was there. */
  readonly age: number;
}

/** Milliseconds before a worker that died is made anew: the first time, and the longest. */
const [firstWait, longestWait] = [500, 10_000];

/** A worker that has served for so many milliseconds did not die of how it was started. */
const served = 30_000;

/** So many workers, each of which is made anew when it dies. */
export class Fleet {
  readonly #options: FleetOptions;
  readonly #waits = new Set<NodeJS.Timeout>();
  readonly #members = new Set<Member>();
  /** For each slot, how often in a row its worker died soon. */
  readonly #failures = new Map<number, number>();
  readonly #metrics: FleetMetrics;
  readonly #questions = new Questions<Member>(({ worker }, question) => {
    tell(worker, { kind: 'tailnet:collect', question });
  });
  #killer: NodeJS.Timeout | undefined;
  #hasListened = false;
  #isStopping = false;
  #exitCode = 0;
  #end: (exitCode: number) => void = () => {};
  /** Resolves when all have ended, with the exit code for all. */
  readonly ended = new Promise<number>((resolve) => (this.#end = resolve));

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#metrics = new FleetMetrics(options.size);
  }

  start(): void {
    for (let slot = 1; slot <= this.#options.size; slot++) this.#fork(slot);
  }

  /**
   * Drains all. They end by themselves; who has not after `stopLimit`, because it is blocked, is killed.
   */
  stop(): void {
    this.#isStopping = true;
    for (const wait of this.#waits) clearTimeout(wait);
    this.#waits.clear();
    for (const member of this.#members) drain(member);
    const { stopLimit: limit } = this.#options;
    this.#killer ??= setTimeout(() => {
      const workers = [...this.#members].map(({ slot }) => slot);
      this.#options.logger.error({ workers }, `workers have not ended after ${limit / 1000} s; killing them`);
      this.kill();
    }, limit).unref();
    this.#endIfEmpty();
  }

  /** Ends all at once. */
  kill(): void {
    for (const { worker } of this.#members) worker.process.kill('SIGKILL');
  }

  /** The metrics of all that tell theirs, in the text format of Prometheus. */
  async scrape(): Promise<string> {
    const answers = await this.#questions.ask([...this.#members].filter(({ isListening }) => isListening));
    return this.#metrics.text(new Map([...answers].map(([{ slot }, metrics]) => [slot, metrics])));
  }

  #fork(slot: number): void {
    const since = performance.now();
    let worker: Worker;
    try {
      worker = cluster.fork({ ...this.#options.environment, [slotVariable]: String(slot) });
    } catch (err) {
      this.#lose(slot, { err, age: 0 });
      return;
    }
    const member: Member = { slot, worker, hasSaidHello: false, isListening: false };
    this.#members.add(member);
    const leave = (loss: Omit<Loss, 'pid' | 'age'>): void => {
      if (!this.#members.delete(member)) return;
      this.#questions.gone(member);
      this.#lose(slot, { pid: worker.process.pid, ...loss, age: performance.now() - since });
    };
    worker.on('message', (message: unknown) => {
      if (isOurs(message)) this.#hear(member, message as FromWorker);
    });
    worker.on('error', (err) => {
      // Otherwise it could not be told something, as it has just died; and that it has is told below.
      if (worker.process.pid !== undefined) return;
      Reflect.deleteProperty(cluster.workers ?? {}, worker.id);
      leave({ err });
    });
    worker.on('exit', (code: number | null, signal: string | null) => {
      leave({ code, signal });
    });
  }

  #hear(member: Member, message: FromWorker): void {
    const { worker, slot } = member;
    switch (message.kind) {
      case 'tailnet:hello':
        member.hasSaidHello = true;
        if (this.#isStopping) drain(member);
        return;
      case 'tailnet:listening':
        member.isListening = true;
        this.#hasListened = true;
        return;
      case 'tailnet:collected': {
        const { question, metrics, error } = message;
        if (error !== undefined) this.#options.logger.warn({ worker: slot, reason: error }, 'metrics cannot be read');
        this.#questions.answer(question, member, metrics);
        return;
      }
      case 'tailnet:scrape': {
        const { scrape } = message;
        this.scrape().then(
          (text) => tell(worker, { kind: 'tailnet:metrics', scrape, text }),
          (error: unknown) => tell(worker, { kind: 'tailnet:metrics', scrape, error: String(error) }),
        );
      }
    }
  }

  #lose(slot: number, { pid, code, signal, err, age }: Loss): void {
    const { logger } = this.#options;
    const details = { worker: slot, worker_pid: pid, code, signal, err };
    if (this.#isStopping) {
      // What had not begun was told to stop by that signal.
      if (signal !== 'SIGTERM') this.#exitCode = Math.max(this.#exitCode, code ?? 1);
      this.#endIfEmpty();
      return;
    }
    if (!this.#hasListened) {
      // One that ended by itself has said why. The others would say the same.
      if (typeof code !== 'number') logger.error(details, 'worker could not start');
      this.#exitCode = typeof code === 'number' && code !== 0 ? code : 1;
      this.stop();
      return;
    }
    const failures = age > served ? 0 : (this.#failures.get(slot) ?? 0);
    this.#failures.set(slot, failures + 1);
    const wait = Math.min(longestWait, firstWait * 2 ** failures);
    logger.error({ ...details, retry_in_ms: wait }, 'worker ended; starting another');
    const timer = setTimeout(() => {
      this.#waits.delete(timer);
      this.#metrics.restarted(slot);
      this.#fork(slot);
    }, wait);
    this.#waits.add(timer);
  }

  #endIfEmpty(): void {
    if (this.#members.size > 0) return;
    clearTimeout(this.#killer);
    this.#end(this.#exitCode);
  }
}

/**
 * Asks one to end. One that has not said hello may not hear it: then it has done nothing yet, and the signal ends it. If it
 * has just begun to listen it ignores the signal, and its hello is on the way.
 */
function drain({ worker, hasSaidHello }: Member): void {
  if (hasSaidHello) tell(worker, { kind: 'tailnet:drain' });
  else worker.process.kill('SIGTERM');
}

function tell(worker: Worker, message: ToWorker): void {
  // One that has just died hears nothing any more; that it has is told elsewhere.
  if (worker.isConnected()) worker.send(message, () => {});
}
