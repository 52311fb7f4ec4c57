import type { Fact } from './fact.js';

/** All that happens, in order, for those who wait for something. */
export interface FactLog {
  tell(fact: Fact): void;
  /** How many facts there are: what comes from here on is new. */
  position(): number;
  /**
   * Resolves when such a fact has come, of those from this position on. Rejects when it does not come in time, and when
   * the demo fails otherwise.
   *
   * @param what is waited for, for the text of the error
   */
  next(from: number, isIt: (fact: Fact) => boolean, what: string): Promise<void>;
  /** The same for something that becomes true by what happens: looks now, and after each fact. */
  until(isTrue: () => boolean, what: string): Promise<void>;
  /** Whatever is waited for now or later fails with this error. The first one counts. */
  fail(error: Error): void;
  /** Rejects when the demo fails. */
  readonly failed: Promise<never>;
}

/**
 * How long something may take, in milliseconds. It takes a fraction of that; but a machine may have other things to do.
 */
const patience = 40_000;

/** @param onFact is told of each fact before anybody who waits for it */
export const createFactLog = (onFact: (fact: Fact) => void): FactLog => {
  const facts: Fact[] = [];
  const waiting = new Set<() => void>();
  let reject: (error: Error) => void = () => {};
  const failed = new Promise<never>((_resolve, rejected) => (reject = rejected));
  // Whoever does not wait for it does not care.
  failed.catch(() => {});
  const until = (isTrue: () => boolean, what: string): Promise<void> => {
    let timer: NodeJS.Timeout | undefined;
    let look = () => {};
    const found = new Promise<void>((resolve, rejected) => {
      timer = setTimeout(() => rejected(new Error(`waited ${patience / 1000} s in vain: ${what}`)), patience);
      look = () => {
        if (isTrue()) resolve();
      };
    });
    waiting.add(look);
    look();
    return Promise.race([found, failed]).finally(() => {
      clearTimeout(timer);
      waiting.delete(look);
    });
  };
  return {
    tell: (fact) => {
      facts.push(fact);
      onFact(fact);
      for (const look of waiting) look();
    },
    position: () => facts.length,
    next: (from, isIt, what) => {
      let position = from;
      return until(() => {
        while (position < facts.length) {
          const fact = facts[position++];
          if (fact !== undefined && isIt(fact)) return true;
        }
        return false;
      }, what);
    },
    until,
    fail: (error) => reject(error),
    failed,
  };
};
