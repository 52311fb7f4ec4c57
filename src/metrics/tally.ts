import { Counter, type Registry } from 'prom-client';

/** A counter by one or two labels, each with few values that are known beforehand. */
export interface TallyOptions<First extends string, Second extends string> {
  readonly name: string;
  readonly help: string;
  readonly registry: Registry;
  /** Names of the labels, and their values: all start at 0, so that the first of a kind is seen as an increase. */
  readonly labels: readonly [Label<First>] | readonly [Label<First>, Label<Second>];
}

type Label<Value extends string> = readonly [name: string, values: readonly Value[]];

/**
 * Counts what happens for every update of every peer: to count is an addition in a map of a few entries. What a registry
 * needs of it is made when it is asked.
 */
export class Tally<First extends string, Second extends string = never> {
  readonly #counts = new Map<string, Map<string, number>>();

  constructor({ name, help, registry, labels }: TallyOptions<First, Second>) {
    const [[firstName, firsts], [secondName, seconds] = [undefined, ['']]] = labels;
    for (const first of firsts) this.#counts.set(first, new Map(seconds.map((second) => [second, 0])));
    const counts = this.#counts;
    new Counter({
      ...{ name, help, registers: [registry] },
      labelNames: secondName === undefined ? [firstName] : [firstName, secondName],
      collect() {
        this.reset();
        for (const [first, bySecond] of counts) {
          for (const [second, count] of bySecond) {
            this.inc({ [firstName]: first, ...(secondName !== undefined && { [secondName]: second }) }, count);
          }
        }
      },
    });
  }

  /** Counts one more. */
  count(first: First, ...[second]: [Second] extends [never] ? [] : [Second]): void {
    const bySecond = this.#counts.get(first);
    const key = second ?? '';
    bySecond?.set(key, (bySecond.get(key) ?? 0) + 1);
  }
}
