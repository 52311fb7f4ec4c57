import { expect } from 'chai';
import { combineTelemetry } from '../src/combineTelemetry.js';
import { type Telemetry, silentTelemetry } from '../src/telemetry.js';

type Told = Readonly<Record<string, (...facts: readonly unknown[]) => unknown>>;

/** Tells a telemetry this fact, whatever is known of it. */
const tell = (telemetry: object, name: string): void => {
  (telemetry as Told)[name]?.('a', 2);
};

describe('combineTelemetry', () => {
  it('tells all of them every fact, in their order, and has the clock of the first', () => {
    const told: string[] = [];
    const names = Object.keys(silentTelemetry);
    const recording = (who: string, time: number): Telemetry =>
      Object.fromEntries(
        names.map((name) => [
          name,
          (...facts: readonly unknown[]) => {
            if (name === 'now') return time;
            told.push([who, name, ...facts].join(' '));
            return undefined;
          },
        ]),
      ) as Telemetry & Told;
    const both = combineTelemetry(recording('one', 1), recording('other', 2));
    expect(both.now()).to.equal(1);
    expect(Object.keys(both)).to.have.members(names);
    for (const name of names.filter((each) => each !== 'now')) {
      tell(both, name);
      expect(told.splice(0)).to.deep.equal([`one ${name} a 2`, `other ${name} a 2`]);
    }
  });
});
