import { expect } from 'chai';
import { Pool } from 'pg';
import { NEVER, asapScheduler, asyncScheduler } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { defaultTuning } from '../src/defaults.js';
import type { CoordinatorOptions } from '../src/options.js';
import { isUuid } from '../src/proto/uuid.js';
import { resolveOptions } from '../src/resolveOptions.js';
import { memoryDatabase, north } from '../src/testing/index.js';
import { logbook } from './streams/support/logbook.js';

const database = memoryDatabase();
const resolved = (options: Partial<CoordinatorOptions> = {}) => resolveOptions({ database, ...options });
/** As it is called by those who go without types. */
const untyped = resolveOptions as (options?: unknown) => ReturnType<typeof resolveOptions>;
const tuned = (tuning: Record<string, number>) => () => resolved({ tuning });

describe('resolveOptions', () => {
  it('fills in the defaults', () => {
    const options = resolved();
    expect(options).to.include({ scheduler: asyncScheduler, close$: NEVER, random: Math.random });
    expect(options.tuning).to.deep.equal(defaultTuning);
    expect(options.logger.level).to.equal('silent');
  });

  it('draws an id, a new one each time', () => {
    const [first, second] = [resolved().id, resolved().id];
    expect([first, second].every(isUuid)).to.equal(true);
    expect(first).not.to.equal(second);
  });

  it('takes an id in either case, and refuses what is none', () => {
    expect(resolved({ id: north.toUpperCase() }).id).to.equal(north);
    expect(() => resolved({ id: 'north' })).to.throw(TypeError, 'not a UUID: "north"');
  });

  it('keeps the defaults of what is not tuned', () => {
    const tuning = { heartbeatPeriod: 5, heartbeatTimeout: undefined };
    expect(untyped({ database, tuning }).tuning).to.deep.equal({ ...defaultTuning, heartbeatPeriod: 5 });
  });

  it('refuses times and sizes that make no sense, and names that there are not', () => {
    expect(tuned({ heartbeatPeriod: -1 })).to.throw(
      RangeError,
      'tuning: heartbeatPeriod must be a positive number, got -1',
    );
    for (const [name] of Object.entries(defaultTuning)) {
      expect(tuned({ [name]: Number.NaN }), name).to.throw(RangeError, `tuning: ${name} must be a positive number`);
      expect(tuned({ [name]: -5 }), name).to.throw(RangeError, `tuning: ${name} must be a positive number, got -5`);
    }
    expect(tuned({ heartbeat: 5 })).to.throw(RangeError, /^tuning: there is no heartbeat; there are heartbeatPeriod, /);
    expect(tuned({ heartbeatPeriod: 0 })).to.throw(RangeError, 'got 0');
    expect(() => untyped({ database, tuning: { heartbeatPeriod: '2000' } })).to.throw(
      RangeError,
      'heartbeatPeriod must be a positive number, got "2000"',
    );
    // A timer of that length would fire at once.
    expect(tuned({ closeTimeout: 2 ** 31 })).to.throw(RangeError, 'closeTimeout must be at most 2147483647, got 2147');
    expect(tuned({ missedHeartbeats: Infinity })).to.throw(
      RangeError,
      'heartbeatPeriod times missedHeartbeats must be',
    );
    expect(tuned({ maxResponseSize: Infinity, maxUpdatesPerResponse: 2 ** 40 })).not.to.throw();
    expect(tuned({ maxBatchSize: 0.5 })).to.throw(RangeError, 'maxBatchSize must be a whole number, got 0.5');
    expect(tuned({ constructor: 1 })).to.throw(RangeError, 'there is no constructor; ');
    expect(tuned({ closeTimeout: Infinity })).to.throw(RangeError, 'closeTimeout must be at most 2147483647, got Inf');
  });

  it('lets those times be zero that may be', () => {
    const tuning = { resyncJitter: 0, unhealthySpread: 0, batchSpacing: 0 };
    expect(resolved({ tuning }).tuning).to.include(tuning);
  });

  it('refuses a spacing of statements that makes newcomers wait for longer than anybody would', () => {
    expect(resolved({ tuning: { batchSpacing: 10_000 } }).tuning).to.include({ batchSpacing: 10_000 });
    for (const batchSpacing of [10_001, Infinity]) {
      const message = `tuning: batchSpacing must be at most 10000, got ${String(batchSpacing)}`;
      expect(() => resolved({ tuning: { batchSpacing } })).to.throw(RangeError, message);
    }
  });

  it('waits for the end of a turn at once in real time, and within the frame in virtual time', () => {
    const scheduler = new TestScheduler(() => undefined);
    expect(resolved().turnScheduler).to.equal(asapScheduler);
    expect(resolved({ scheduler }).turnScheduler).to.equal(scheduler);
  });

  it('uses a database that it is given as it is, and leaves closing it to the giver', () => {
    const options = resolved();
    expect(options.database).to.equal(database);
    expect(options.ownsDatabase).to.equal(false);
  });

  it('opens a database by its URL or configuration, without connecting yet, and owns it', () => {
    const urls = [
      'postgres://localhost:1/nowhere',
      ...['postgresql://user:pass%40word@[::1]:5432/name', 'POSTGRES://host/name', 'postgres://user@/name'],
      // Sockets, in each of the ways that pg knows.
      ...['postgres://user:password@/name?host=/run/postgresql', 'postgres:///name?host=/run/postgresql'],
      ...['postgres://%2Frun%2Fpostgresql/name', 'socket:/run/postgresql?db=name', '/run/postgresql name'],
    ];
    for (const given of [...urls, { host: 'localhost', port: 1 }]) {
      const options = resolved({ database: given });
      expect(options.ownsDatabase).to.equal(true);
      expect(options.database).to.have.keys('store', 'bus', 'close');
      options.database.close?.().subscribe();
    }
  });

  it('refuses what is no database', () => {
    const pool = new Pool();
    const url = new URL('postgres://host/name');
    for (const wrong of [
      '',
      'foo',
      'mysql://host/name',
      'postgres://host:99999/name',
      undefined,
      null,
      5,
      [],
      pool,
      url,
    ]) {
      const options = { database: wrong } as CoordinatorOptions;
      expect(() => resolveOptions(options), typeof wrong).to.throw(
        TypeError,
        'database: must be a URL like postgres://',
      );
    }
  });

  it('refuses half a database, and what only looks like one', () => {
    const { store, bus } = memoryDatabase();
    for (const wrong of [{ store }, { bus }, { store: {}, bus }, { store, bus: {} }]) {
      expect(() => untyped({ database: wrong }), JSON.stringify(Object.keys(wrong))).to.throw(
        TypeError,
        'database: must be { store, bus }, a Store and a Bus',
      );
    }
  });

  for (const [name, wrong, wanted] of [
    ['logger', console, 'a logger of pino'],
    ['scheduler', {}, 'a scheduler of RxJS'],
    ['close$', Promise.resolve(), 'an Observable'],
    ['random', 5, 'a function'],
    ['tuning', null, 'an object'],
    ['telemetry', { updateTold: () => undefined }, 'an object with all of now, started, '],
  ] as const) {
    it(`refuses a ${name} that is none`, () => {
      expect(() => resolved({ [name]: wrong })).to.throw(TypeError, `${name}: must be ${wanted}`);
    });
  }

  it('refuses no options at all as no database', () => {
    expect(() => untyped()).to.throw(TypeError, /^database: must be/);
  });

  it('names the coordinator in every line that is logged', () => {
    const book = logbook();
    resolved({ logger: book.logger, id: north }).logger.info('hello');
    expect(book.entries[0]).to.include({ coordinator_id: north });
  });
});
