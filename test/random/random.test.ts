import { expect } from 'chai';
import { asyncScheduler, filter, firstValueFrom, lastValueFrom, map, takeUntil, timer } from 'rxjs';
import { postgresDatabase } from '../../src/db/postgres/postgresDatabase.js';
import { withFaults } from '../../src/testing/index.js';
import { migratedDatabase } from '../support/testDatabase.js';
import { chance } from '../support/chance.js';
import { scenario } from './scenario.js';
import { createWorld, type World } from './world.js';

const peers = Array.from({ length: 24 }, (_, index) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`);

/** The simulation (`test/simulation`) runs many more, in virtual time; here the statements are real. */
const judge = (seed: number, world: World, complaints: readonly string[]): void => {
  expect(complaints, `seed ${String(seed)}, after\n${world.log.join('\n')}\n`).to.deep.equal([]);
};

describe('random peers at three coordinators that come and go', function () {
  this.timeout(60_000);

  describe('on PostgreSQL', () => {
    /** Real time passes so much faster than what the scenario asks for. */
    const haste = 3;

    const run = async (seed: number, faults: boolean) => {
      await using database = await migratedDatabase();
      const opened: ReturnType<typeof postgresDatabase>[] = [];
      const draw = chance(seed);
      const world = createWorld({
        connect: () => {
          const postgres = postgresDatabase(database.url);
          opened.push(postgres);
          return withFaults(postgres);
        },
        scheduler: asyncScheduler,
        tuning: { closeTimeout: 2_000, rollingCheckPeriod: 5_000 },
        random: draw,
      });
      try {
        for (const milliseconds of scenario(world, draw, { peers, steps: 100, faults })) {
          await firstValueFrom(timer(milliseconds / haste));
        }
        const settled$ = timer(0, 100).pipe(
          map(() => world.complaints(peers)),
          filter((complaints) => complaints.length === 0),
          takeUntil(timer(25_000)),
        );
        await firstValueFrom(settled$, { defaultValue: [] });
        judge(seed, world, world.complaints(peers));
      } finally {
        await world.end();
        for (const postgres of opened) await lastValueFrom(postgres.close(), { defaultValue: undefined });
      }
    };

    for (const seed of [1, 2, 3]) {
      it(`see in the end what each said last (seed ${String(seed)})`, () => run(seed, false));
    }
    for (const seed of [4, 5]) {
      it(`see in the end what each said last, with faults and sudden deaths (seed ${String(seed)})`, () =>
        run(seed, true));
    }
  });
});
