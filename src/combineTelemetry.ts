import { type Telemetry, silentTelemetry } from './telemetry.js';

/** What can be told. */
type Fact = Exclude<keyof Telemetry, 'now'>;

/**
 * One telemetry that tells several, in their order, as metrics and traces: `combineTelemetry(metrics.telemetry, tracing)`.
 * Durations are taken by the clock of the first.
 */
export function combineTelemetry(first: Telemetry, ...others: readonly Telemetry[]): Telemetry {
  const all = [first, ...others];
  const facts = Object.keys(silentTelemetry).filter((name): name is Fact => name !== 'now');
  const tellAll = (fact: Fact) => {
    const tellers = all.map((each) => each[fact].bind(each) as (...what: readonly unknown[]) => void);
    return (...what: readonly unknown[]): void => {
      for (const tell of tellers) tell(...what);
    };
  };
  const told = Object.fromEntries(facts.map((fact) => [fact, tellAll(fact)])) as Omit<Telemetry, 'now'>;
  return { ...told, now: () => first.now() };
}
