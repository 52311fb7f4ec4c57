import { type Logger, pino } from 'pino';

export interface Logbook {
  readonly logger: Logger;
  /** What was logged, as `warn heartbeat failed`. */
  readonly lines: readonly string[];
  /** What was logged, with all its fields. */
  readonly entries: readonly Readonly<Record<string, unknown>>[];
}

/** A logger that remembers. */
export const logbook = (): Logbook => {
  const entries: Record<string, unknown>[] = [];
  const lines: string[] = [];
  const write = (line: string) => {
    const entry = JSON.parse(line) as Record<string, unknown>;
    entries.push(entry);
    lines.push(`${String(entry['level'])} ${String(entry['msg'])}`);
  };
  const logger = pino(
    { level: 'trace', base: null, timestamp: false, formatters: { level: (label) => ({ level: label }) } },
    { write },
  );
  return { logger, lines, entries };
};
