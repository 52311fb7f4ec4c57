import { expect } from 'chai';
import fc from 'fast-check';
import { repeat, takeUntil, timer } from 'rxjs';
import type { Coordinator } from '../src/api.js';
import { decodeNode } from '../src/proto/node.js';
import { type FaultyDatabase, type MarblesContext, bob, marbles } from '../src/testing/index.js';
import { onTime } from './streams/support/onTime.js';
import { describeWatch } from './support/describeWatch.js';
import { virtualPeer } from './support/virtualPeer.js';

/** Everything happens within the first twenty seconds; after another twenty without faults, all must be as it is. */
const [calm, end] = [20_000, 40_000];

const where = fc.constantFrom('north' as const, 'south' as const);

/** What Bob does, at one of the coordinators, and what befalls their ways to the database. */
const deed = fc.oneof(
  fc.record({ kind: fc.constant('connect' as const), where }),
  fc.record({ kind: fc.constant('publish' as const), derp: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constantFrom('drop' as const, 'leave' as const) }),
  fc.record({
    kind: fc.constantFrom('goAway' as const, 'comeBack' as const, 'gap' as const, 'failReads' as const),
    where,
  }),
  fc.record({ kind: fc.constant('lose' as const), where, until: fc.integer({ min: 0, max: calm - 1 }) }),
);

const scenario = fc.record({
  deeds: fc.array(fc.tuple(fc.integer({ min: 1, max: calm - 1 }), deed), { maxLength: 25, size: 'max' }),
  /** When somebody begins to watch, at each coordinator. */
  begins: fc.record({ north: fc.nat(calm), south: fc.nat(calm) }),
  /** South ends with a crash in the end, and nobody hears of it. */
  crashes: fc.boolean(),
});

/** What is true of Bob in the tables, given who is silent: written down apart from how the coordinator finds it. */
const truth = ({ rows }: MarblesContext['database'], silent: readonly string[]): string => {
  const found = rows
    .peers(bob)
    .map((row) => ({ ...row, isThere: row.status === 'ok' && !silent.includes(row.coordinatorId) }))
    .sort((a, b) => Number(b.isThere) - Number(a.isThere) || b.updatedAt - a.updatedAt);
  const [best] = found;
  if (best === undefined) return 'disconnected';
  return `${best.isThere ? 'node' : 'lost'} derp ${String(decodeNode(best.node).preferredDerp)}`;
};

const play =
  ({ deeds, begins, crashes }: typeof scenario extends fc.Arbitrary<infer T> ? T : never) =>
  (context: MarblesContext): void => {
    const { createCoordinator, database, scheduler } = context;
    const at = onTime(scheduler);
    const wires = { north: database.connect({ latency: 5 }), south: database.connect({ latency: 5 }) };
    const create = (wire: FaultyDatabase): Coordinator => createCoordinator({ database: wire });
    const coordinators = { north: create(wires.north), south: create(wires.south) };
    let connection: ReturnType<typeof virtualPeer> | undefined;

    for (const [time, what] of deeds) {
      at(time, () => {
        switch (what.kind) {
          case 'connect':
            connection?.drop();
            connection = virtualPeer(coordinators[what.where], bob);
            break;
          case 'publish':
            connection?.derp(what.derp);
            break;
          case 'drop':
            connection?.drop();
            break;
          case 'leave':
            connection?.goodbye();
            break;
          case 'goAway':
          case 'comeBack':
          case 'gap':
            wires[what.where].faults[what.kind]();
            break;
          case 'failReads':
            wires[what.where].faults.failNext('readBindings', 2);
            break;
          case 'lose': {
            // Lost without a word: a gap says so in the end, as that of a connection that was made anew.
            const undo = wires[what.where].faults.dropNotifications();
            at(Math.max(time, what.until), () => {
              undo();
              wires[what.where].faults.gap();
            });
          }
        }
      });
    }

    const heard: Record<'north' | 'south', string[]> = { north: [], south: [] };
    for (const place of ['north', 'south'] as const) {
      at(begins[place], () => {
        coordinators[place]
          .watch$(bob)
          // As a dashboard does, when it is sent away.
          .pipe(repeat({ delay: 1000 }), takeUntil(timer(end - scheduler.now(), scheduler)))
          .subscribe((update) => heard[place].push(describeWatch(update)));
      });
    }

    at(calm, () => {
      for (const { faults } of Object.values(wires)) faults.recover();
      if (crashes) wires.south.faults.goAway();
    });
    at(end, () => {
      const said = heard.north;
      expect(said.at(-1)).to.equal(truth(database, crashes ? [coordinators.south.id] : []));
      if (!crashes) expect(heard.south.at(-1)).to.equal(truth(database, []));
      for (const all of Object.values(heard)) {
        all.forEach((text, index) => {
          expect(text.startsWith('closed') || text !== all[index + 1], `${text}, twice`).to.equal(true);
          if (text.startsWith('closed')) expect(text).to.equal('closed: coordinator unhealthy');
        });
      }
    });
  };

describe('watching a peer, whatever happens', () => {
  it('ends with what is true, at every coordinator that can know, and says nothing twice', () => {
    fc.assert(
      fc.property(scenario, (drawn) => {
        marbles(play(drawn), { until: end + 1 })();
      }),
      { numRuns: 60 },
    );
  });
});
