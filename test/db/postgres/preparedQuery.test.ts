import { once } from 'node:events';
import { expect } from 'chai';
import pg, { type Connection, type FieldDef } from 'pg';
import { PreparedQuery, type Value } from '../../../src/db/postgres/preparedQuery.js';
import { testDatabase } from '../../support/testDatabase.js';
import { untilCollected } from '../../streams/support/heldKeys.js';

const oids = { json: 114, float8: 701 } as const;

/** A connection that keeps the names of what is called, and refuses to bind `unsendable`. */
const fakeConnection = () => {
  const calls: string[] = [];
  const called = (name: string) => () => calls.push(name);
  const connection = {
    // As `pg` has it, once a statement was sent that can be parsed.
    parsedStatements: {} as Record<string, string>,
    stream: { cork: called('cork'), uncork: called('uncork') },
    parse: ({ name, text }: { readonly name: string; readonly text: string }) => {
      calls.push('parse');
      connection.parsedStatements[name] = text;
    },
    bind: ({ values }: { readonly values: readonly unknown[] }) => {
      if (values.includes('unsendable')) throw new RangeError('too long');
      calls.push(`bind ${values.join()}`);
    },
    describe: called('describe'),
    execute: called('execute'),
    sync: called('sync'),
  };
  // eslint-disable-next-line no-restricted-syntax -- what a query needs of it
  return { connection: connection as unknown as Connection, callsSince: () => calls.splice(0) };
};

const field = (name: string, dataTypeID: number) => ({ name, dataTypeID }) as FieldDef;

/** A query on a connection that is not there, and how it ended. */
const queryOf = (...values: readonly Value[]) => {
  const query = new PreparedQuery('name', 'select $1', values);
  const ends: unknown[] = [];
  query.callback = (error, result) => ends.push(error ?? result?.rows);
  return { query, ends };
};

describe('PreparedQuery', () => {
  const first = ['cork', 'parse', 'bind 1', 'describe', 'execute', 'sync', 'uncork'];
  const again = ['cork', 'bind 1', 'execute', 'sync', 'uncork'];

  it('is prepared and described once on each connection', () => {
    const [here, there] = [fakeConnection(), fakeConnection()];
    const rows: unknown[] = [];
    for (const { connection, callsSince } of [here, here, there]) {
      const { query, ends } = queryOf(1);
      query.submit(connection);
      const calls = callsSince();
      expect(calls).to.deep.equal(rows.length === 1 ? again : first);
      if (calls.includes('describe')) query.handleRowDescription({ fields: [field('at', oids.float8)] });
      query.handleDataRow({ fields: ['1.5'] });
      query.handleDataRow({ fields: [null] });
      query.handleReadyForQuery(connection);
      rows.push(...ends);
    }
    expect(rows).to.deep.equal(Array(3).fill([{ at: 1.5 }, { at: null }]));
  });

  it('is prepared once, too, when it gives no rows', () => {
    const { connection, callsSince } = fakeConnection();
    for (const expected of [first, again]) {
      const { query, ends } = queryOf(1);
      query.submit(connection);
      expect(callsSince()).to.deep.equal(expected);
      query.handleReadyForQuery(connection);
      expect(ends).to.deep.equal([[]]);
    }
  });

  it('refuses a name that another statement has', () => {
    const { connection, callsSince } = fakeConnection();
    queryOf(1).query.submit(connection);
    callsSince();
    const refusal = new PreparedQuery('name', 'select 2', []).submit(connection);
    expect(refusal).to.be.instanceOf(Error).with.property('message', 'two prepared statements have the name name');
    expect(callsSince()).to.deep.equal([]);
  });

  it('is described where somebody else has prepared it', () => {
    const { connection, callsSince } = fakeConnection();
    queryOf(1).query.submit(connection);
    callsSince();
    queryOf(1).query.submit(connection);
    expect(callsSince()).to.deep.equal(['cork', 'bind 1', 'describe', 'execute', 'sync', 'uncork']);
  });

  it('says what keeps it from being sent, and holds up nothing', () => {
    const { connection, callsSince } = fakeConnection();
    const { query } = queryOf('unsendable');
    expect(query.submit(connection)).to.be.instanceOf(RangeError).with.property('message', 'too long');
    expect(callsSince()).to.deep.equal(['cork', 'parse', 'uncork']);
  });

  it('gives the first defect of what reads a column, once all of its answer is there', () => {
    const { connection } = fakeConnection();
    const { query, ends } = queryOf(1);
    query.submit(connection);
    query.handleRowDescription({ fields: [field('options', oids.json)] });
    for (const text of ['{}', 'first', 'second']) query.handleDataRow({ fields: [text] });
    expect(ends).to.deep.equal([]);
    query.handleReadyForQuery(connection);
    expect(ends).to.have.length(1);
    expect(ends[0]).to.be.instanceOf(SyntaxError).with.property('message').that.contains('first');
  });

  describe('on PostgreSQL', () => {
    let pool: pg.Pool;
    let database: Awaited<ReturnType<typeof testDatabase>>;
    /** A pool has ended before its connections have: one that is told why it is closed would say so to nobody. */
    const ends: Promise<unknown>[] = [];

    before(async () => {
      database = await testDatabase();
      pool = new pg.Pool({ connectionString: database.url, max: 1 });
      pool.on('connect', (client) => ends.push(once(client, 'end')));
    });
    after(async () => {
      await pool.end();
      await Promise.all(ends);
      await database[Symbol.asyncDispose]();
    });

    const run = (name: string, text: string, ...values: readonly Value[]): Promise<readonly unknown[]> =>
      new Promise((resolve, reject) => {
        // What `pg` knows is an error or a result.
        pool.query(new PreparedQuery(name, text, values), (error: Error | undefined, result) => {
          if (error === undefined) resolve(result.rows);
          else reject(error);
        });
      });

    it('gives rows as those of `pg`, the first time and later', async () => {
      const text = `
        select $1::uuid as id, $2::float8 as number, $3::bytea as node, $4::int as count, $4::bigint as large,
          true as is_shared, null::text as nothing, now() as at, '{a,NULL}'::text[] as list, pg_notify('x', 'y') as void
        from generate_series(1, 2)`;
      const values = ['00000000-0000-4000-8000-000000000001', 1.5, Buffer.from([0, 255]), 7] as const;
      await pool.query('begin');
      const { rows } = await pool.query<object>(text, [...values]);
      for (let time = 0; time < 2; time++) expect(await run('columns', text, ...values)).to.deep.equal(rows);
      await pool.query('commit');
      expect(rows).to.have.length(2);
    });

    it('leaves none of its rows with the connection', async () => {
      const ask = async () => {
        const [row] = await run('rows', 'select repeat($1::text, 9) as a_lot', 'x');
        return new WeakRef(row as object);
      };
      const reference = await ask();
      await untilCollected(() => reference.deref() === undefined);
      expect(reference.deref()).to.equal(undefined);
    });

    it('gives an error, and leaves the pool in order, when it cannot be sent, or is none to be run so', async () => {
      // No text can be made of it.
      const unsendable = Object.create(null) as string;
      for (const [text, value] of [
        ['select $1::text', unsendable],
        ['copy (select 1) to stdout', undefined],
        ['', undefined],
      ] as const) {
        await run(`odd ${text}`, text, ...(value === undefined ? [] : [value])).catch(() => undefined);
        expect(await run('one', 'select 1 as one')).to.deep.equal([{ one: 1 }]);
      }
    });

    it('is prepared anew where its plan is out of date', async () => {
      await pool.query('create table changing (a int)');
      expect(await run('changing', 'select * from changing')).to.deep.equal([]);
      await pool.query('alter table changing add b int; insert into changing values (1, 2)');
      const error = await run('changing', 'select * from changing').catch((reason: unknown) => reason);
      expect(error).to.be.instanceOf(Error).with.property('code', '0A000');
      expect(await run('changing', 'select * from changing')).to.deep.equal([{ a: 1, b: 2 }]);
    });

    it('gives an error when its connection ends meanwhile, and the next one runs on another', async () => {
      const error = await run('ending', 'select pg_terminate_backend(pg_backend_pid())').catch(
        (reason: unknown) => reason,
      );
      expect(error).to.be.instanceOf(Error);
      expect(await run('one', 'select 1 as one')).to.deep.equal([{ one: 1 }]);
    });

    it('gives an error when no answer comes in time, described before or not, and the next one runs', async () => {
      const impatient = new pg.Pool({ connectionString: database.url, max: 1, query_timeout: 1_000 });
      const ends: unknown[] = [];
      const ask = (seconds: number) =>
        new Promise<void>((resolve) => {
          const query = new PreparedQuery('sleeping', 'select pg_sleep($1::float8), $1::float8 as slept', [seconds]);
          impatient.query(query, (error: Error | undefined, result) => {
            ends.push(error?.message ?? result.rows.map((row: { slept: unknown }) => row.slept));
            resolve();
          });
        });
      await ask(0);
      await ask(60);
      await ask(60);
      await ask(0);
      await impatient.end();
      expect(ends).to.deep.equal([[0], 'Query read timeout', 'Query read timeout', [0]]);
    });

    it('gives the error of the database, and the next one runs', async () => {
      const text = 'select 1 / $1::int as quotient';
      for (let time = 0; time < 2; time++) {
        expect(await run('division', text, 1)).to.deep.equal([{ quotient: 1 }]);
        const error = await run('division', text, 0).catch((reason: unknown) => reason);
        expect(error).to.be.instanceOf(Error).with.property('code', '22012');
      }
      const failing = await run('division', 'select nonsense', 1).catch((reason: unknown) => reason);
      expect(failing).to.be.instanceOf(Error).with.property('code', '42703');
      expect(await run('division', text, 1)).to.deep.equal([{ quotient: 1 }]);
    });
  });
});
