import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';

/** Something that is to happen. */
interface Entry {
  readonly due: number;
  /** Of what is due together, what was asked for first comes first. */
  readonly number: number;
  readonly process: Process | undefined;
  readonly run: () => void;
  isCancelled: boolean;
}

/** A process that runs in simulated time: it can stand still, and its clock can be wrong. */
export interface Process {
  /** Where its timers are. They stand still while it is paused. */
  readonly scheduler: SchedulerLike;
  /** Hands it something from outside: an answer, a notification, what a peer sends. Waits while it is paused. */
  receive(input: () => void): void;
  /** Stops it, as SIGSTOP does: nothing in it happens until it is resumed. */
  pause(): void;
  /** Lets it go on: first with the timers that have become due, or first with what has come from outside. */
  resume(first: 'timers' | 'inputs'): void;
  /** Ends it, as SIGKILL does: nothing in it ever happens again. */
  kill(): void;
  /** Sets its clock forward, or, with a negative number, back. */
  setClock(by: number): void;
  readonly isPaused: boolean;
  readonly isKilled: boolean;
  /** How many timers it has. */
  readonly timers: number;
}

/** The one time in which everything of a simulation happens. */
export interface SimulatedTime extends SchedulerLike {
  /** A process of its own, with a clock that is so many milliseconds ahead. */
  createProcess(ahead?: number): Process;
  /** Lets everything happen that is due until then. */
  passUntil(time: number): void;
}

/** Milliseconds that all clocks show at first: a day in 2026, for a clock that may be wrong must not come below zero. */
const start = 1_800_000_000_000;

/**
 * Events in the order in which they are due. A heap, and nothing of RxJS's virtual time: that keeps cancelled events
 * until they are due, cannot let a part of the world stand still, and knows one clock only.
 */
export const createSimulatedTime = (): SimulatedTime => {
  const heap: Entry[] = [];
  let now = 0;
  let numbers = 0;

  const isBefore = (a: Entry, b: Entry): boolean => a.due < b.due || (a.due === b.due && a.number < b.number);

  const push = (entry: Entry): void => {
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  };

  const pop = (): void => {
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const child = childOf(left);
      const below = heap[child];
      if (below === undefined || !isBefore(below, last)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = last;
  };

  const childOf = (left: number): number => {
    const [a, b] = [heap[left], heap[left + 1]];
    return a !== undefined && b !== undefined && isBefore(b, a) ? left + 1 : left;
  };

  const at = (delay: number, process: ProcessState | undefined, run: () => void): Entry => {
    const entry: Entry = { due: now + Math.max(0, delay), number: (numbers += 1), process, run, isCancelled: false };
    if (process !== undefined) process.timers += 1;
    push(entry);
    return entry;
  };

  const schedulerOf = (process: ProcessState | undefined): SchedulerLike => ({
    now: () => start + now + (process?.ahead ?? 0),
    schedule: <T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription =>
      new Action(work, (delayOfRun, run) => {
        const entry = at(delayOfRun, process, run);
        return () => {
          if (!entry.isCancelled && process !== undefined) process.timers -= 1;
          entry.isCancelled = true;
        };
      }).schedule(state, delay),
  });

  /** Runs what is due; what belongs to a process that stands still waits there. */
  const perform = (entry: Entry): void => {
    const process = entry.process as ProcessState | undefined;
    if (entry.isCancelled || process?.isKilled === true) return;
    if (process?.isPaused === true) {
      process.overdue.push(entry);
      return;
    }
    entry.isCancelled = true;
    if (process !== undefined) process.timers -= 1;
    entry.run();
  };

  class ProcessState implements Process {
    readonly scheduler = schedulerOf(this);
    readonly overdue: Entry[] = [];
    readonly #inputs: (() => void)[] = [];
    ahead: number;
    timers = 0;
    isPaused = false;
    isKilled = false;

    constructor(ahead: number) {
      this.ahead = ahead;
    }

    receive(input: () => void): void {
      if (this.isKilled) return;
      if (this.isPaused || this.#inputs.length > 0) this.#inputs.push(input);
      else input();
    }

    pause(): void {
      this.isPaused = true;
    }

    resume(first: 'timers' | 'inputs'): void {
      if (!this.isPaused || this.isKilled) return;
      this.isPaused = false;
      const timers = () => this.overdue.splice(0).forEach(perform);
      const inputs = () => {
        for (let input = this.#inputs[0]; input !== undefined && !this.isPaused; input = this.#inputs[0]) {
          input();
          this.#inputs.shift();
        }
      };
      if (first === 'timers') timers();
      inputs();
      timers();
    }

    kill(): void {
      this.isKilled = true;
      this.overdue.length = 0;
      this.#inputs.length = 0;
    }

    setClock(by: number): void {
      this.ahead += by;
    }
  }

  return {
    ...schedulerOf(undefined),
    createProcess: (ahead = 0) => new ProcessState(ahead),
    passUntil: (time) => {
      const until = time - start;
      for (let next = heap[0]; next !== undefined && next.due <= until; next = heap[0]) {
        pop();
        now = Math.max(now, next.due);
        perform(next);
      }
      now = Math.max(now, until);
    },
  };
};

/** Runs when `arrange` says so; work that asks for another run goes on, other work is over. */
class Action<T> extends Subscription implements SchedulerAction<T> {
  readonly #work: (this: SchedulerAction<T>, state?: T) => void;
  readonly #arrange: (delay: number, run: () => void) => () => void;
  #cancel: (() => void) | undefined;

  constructor(
    work: (this: SchedulerAction<T>, state?: T) => void,
    arrange: (delay: number, run: () => void) => () => void,
  ) {
    super(() => {
      this.#cancel?.();
    });
    this.#work = work;
    this.#arrange = arrange;
  }

  schedule(state?: T, delay = 0): Subscription {
    if (this.closed) return this;
    this.#cancel?.();
    this.#cancel = this.#arrange(delay, () => {
      this.#cancel = undefined;
      this.#work.call(this, state);
      if (!this.#isArranged()) this.unsubscribe();
    });
    return this;
  }

  /** A method, because the compiler does not see that the work may have asked for another run. */
  #isArranged(): boolean {
    return this.#cancel !== undefined;
  }
}
