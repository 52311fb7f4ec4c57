import type { LogFn } from 'pino';

/** So many lines of a kind are written in a period; the others of it are counted. */
export interface Sampling {
  readonly most: number;
  /** Milliseconds. */
  readonly period: number;
  /** Calls back once, later. Must not keep the process alive. */
  readonly later: (work: () => void, milliseconds: number) => void;
}

/** pino's number for `warn`. */
const warn = 40;

/** What strangers can cause as often as they like, though it is nothing to worry about. */
const ofStrangers: ReadonlySet<string> = new Set(['connection rejected']);

/**
 * For pino's hook `logMethod`: of warnings and errors with the same message, the first few of a period are written as
 * they are. The rest are counted, and told at its end: `{"repeated":123,"msg":"database call failed"}`. What happens a
 * thousand times a second when something is away would otherwise be all that the log says, and cost more than the trouble.
 */
export function sampledLog({ most, period, later }: Sampling) {
  const counts = new Map<string, number>();
  return function logMethod(this: object, args: Parameters<LogFn>, method: LogFn, level: number): void {
    const message = args.find((each) => typeof each === 'string');
    if (message === undefined || (level < warn && !ofStrangers.has(message))) {
      method.apply(this, args);
      return;
    }
    const kind = `${String(level)} ${message}`;
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    if (count < most) method.apply(this, args);
    if (count > 0) return;
    later(() => {
      const repeated = (counts.get(kind) ?? 0) - most;
      counts.delete(kind);
      if (repeated > 0) method.apply(this, [{ repeated }, message]);
    }, period);
  };
}
