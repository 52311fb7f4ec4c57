import type { WorkerMetrics } from './messages.js';

/** What came of asking: of those who answered in time, what they said. */
export type Answers<Asked> = ReadonlyMap<Asked, WorkerMetrics>;

interface Question<Asked> {
  /** Those who have not answered yet. */
  readonly waiting: Set<Asked>;
  readonly answers: Map<Asked, WorkerMetrics>;
  readonly end: () => void;
}

/** Milliseconds that an answer may take. A scrape of Prometheus waits for ten seconds, by default. */
const defaultLimit = 2000;

/**
 * Asks several for their metrics, and waits for all who answer: not for those who are gone, nor for longer than the limit
 * for those who say nothing. What one of them has come to must not hide the metrics of the others.
 */
export class Questions<Asked> {
  readonly #ask: (asked: Asked, question: number) => void;
  readonly #limit: number;
  readonly #open = new Map<number, Question<Asked>>();
  #last = 0;

  /** @param limit milliseconds */
  constructor(ask: (asked: Asked, question: number) => void, limit = defaultLimit) {
    this.#ask = ask;
    this.#limit = limit;
  }

  /** Asks all of these. */
  ask(all: Iterable<Asked>): Promise<Answers<Asked>> {
    const number = ++this.#last;
    return new Promise((resolve) => {
      const answers = new Map<Asked, WorkerMetrics>();
      const timer = setTimeout(() => {
        end();
      }, this.#limit);
      const end = (): void => {
        clearTimeout(timer);
        this.#open.delete(number);
        resolve(answers);
      };
      const question = { waiting: new Set(all), answers, end };
      this.#open.set(number, question);
      for (const asked of question.waiting) this.#ask(asked, number);
      if (question.waiting.size === 0) end();
    });
  }

  /** One has answered; undefined: it cannot. An answer that comes too late is none. */
  answer(number: number, asked: Asked, metrics: WorkerMetrics | undefined): void {
    const question = this.#open.get(number);
    if (question?.waiting.delete(asked) !== true) return;
    if (metrics !== undefined) question.answers.set(asked, metrics);
    if (question.waiting.size === 0) question.end();
  }

  /** One is gone, and answers nothing any more. */
  gone(asked: Asked): void {
    for (const number of this.#open.keys()) this.answer(number, asked, undefined);
  }

  /** How many questions are open. */
  get size(): number {
    return this.#open.size;
  }
}
