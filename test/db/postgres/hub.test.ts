import { expect } from 'chai';
import { Client } from 'pg';
import { EMPTY, type Observable } from 'rxjs';
import type { Run, Statement } from '../../../src/db/postgres/runStatement.js';
import { notifyingRun } from '../../../src/db/postgres/runWrite.js';
import { sessionConfig } from '../../../src/db/postgres/sessionConfig.js';
import { loseBindings } from '../../../src/db/postgres/queries/loseBindings.js';
import { readBindings } from '../../../src/db/postgres/queries/readBindings.js';
import { readNeighbours } from '../../../src/db/postgres/queries/readNeighbours.js';
import { readPairs } from '../../../src/db/postgres/queries/readPairs.js';
import { writeBindings } from '../../../src/db/postgres/queries/writeBindings.js';
import { writeTunnels } from '../../../src/db/postgres/queries/writeTunnels.js';
import { migratedDatabase, type TestDatabase } from '../../support/testDatabase.js';

/** Tunnels of the hub in each direction. */
const DEGREE = 10_000;
/** What each statement is asked about. */
const ASKED = 100;
const COORDINATORS = 4;
/** What a statement may read: the row of each that it is asked about, in both directions, of all coordinators and one more. */
const FEW = ASKED * (COORDINATORS + 1) * 2;

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly PlanNode[];
}

describe('a hub with 10,000 tunnels in each direction', () => {
  let database: TestDatabase;
  let client: Client;
  const hub = crypto.randomUUID();
  const spokes = Array.from({ length: ASKED / 2 }, () => crypto.randomUUID());
  const strangers = Array.from({ length: ASKED / 2 }, () => crypto.randomUUID());
  const asked = [...spokes, ...strangers];
  const writer = { coordinatorId: crypto.randomUUID(), expiry: 6000 };

  /** Each statement with its parameters, as the store would send it. */
  const statements: Record<string, (run: Run) => Observable<unknown>> = {
    readPairs: (run) =>
      readPairs(
        run,
        asked.map((peer, index) => (index % 2 === 0 ? [hub, peer] : [peer, hub])),
      ),
    'readNeighbours of those around it': (run) => readNeighbours(run, asked),
    'readNeighbours of one of them': (run) => readNeighbours(run, asked.slice(0, 1)),
    'readBindings of those around it': (run) => readBindings(run, asked),
    'readBindings of one of them': (run) => readBindings(run, asked.slice(0, 1)),
    'writeBindings of those around it': (run) =>
      writeBindings(
        notifyingRun(run),
        writer,
        asked.map((peerId, index) =>
          index % 3 === 0
            ? { kind: 'disconnected', peerId }
            : { kind: index % 3 === 1 ? 'lost' : 'node', peerId, node: new Uint8Array(10) },
        ),
      ),
    'writeTunnels that opens and closes tunnels of the hub': (run) =>
      writeTunnels(notifyingRun(run), writer, {
        add: strangers.map((dst) => ({ src: hub, dst })),
        remove: spokes.flatMap((spoke) => [
          { src: hub, dst: spoke },
          { src: spoke, dst: hub },
        ]),
        clear: [],
      }),
    'writeTunnels that takes away own tunnels of the hub': (run) =>
      writeTunnels(notifyingRun(run), writer, {
        ...{ add: [], remove: [], clear: [] },
        removeOwn: spokes.flatMap((spoke) => [
          { src: hub, dst: spoke },
          { src: spoke, dst: hub },
        ]),
      }),
    'writeTunnels that clears those around it': (run) =>
      writeTunnels(notifyingRun(run), writer, { add: [], remove: [], clear: asked }),
  };

  /** What the connection has prepared, and maybe a plan for. */
  const prepared = new Set<string>();

  const capture = (statementOf: (run: Run) => Observable<unknown>): { statement: Statement; values: unknown[] } => {
    let captured: { statement: Statement; values: unknown[] } | undefined;
    statementOf((statement, values) => {
      captured = { statement, values: [...values] };
      return EMPTY;
    });
    if (captured === undefined) throw new Error('no statement was run');
    return captured;
  };

  /** Executes what is prepared on the connection, with the plan that it has there, and takes the effects back. */
  const explain = async (statementOf: (run: Run) => Observable<unknown>): Promise<PlanNode> => {
    const { statement, values } = capture(statementOf);
    const literals = values.map((value) => {
      if (Buffer.isBuffer(value)) return `'\\x${value.toString('hex')}'`;
      return `'${Array.isArray(value) ? `{${value.join(',')}}` : String(value)}'`;
    });
    const { name = 'planned_each_time' } = statement;
    await client.query('begin');
    try {
      if (!prepared.has(name)) await client.query(`prepare ${name} as ${statement.text}`);
      const { rows } = await client.query<{ 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>(
        `explain (analyze, buffers, format json) execute ${name} (${literals.join(', ')})`,
      );
      const plan = rows[0]?.['QUERY PLAN'][0].Plan;
      if (plan === undefined) throw new Error('no plan');
      return plan;
    } finally {
      await client.query('rollback');
      if (!prepared.has(name)) await client.query(`deallocate ${name}`);
    }
  };
  const nodesOf = (plan: PlanNode): PlanNode[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
  const rowsRead = (node: PlanNode): number =>
    (node['Actual Rows'] +
      (node['Rows Removed by Filter'] ?? 0) +
      (node['Rows Removed by Index Recheck'] ?? 0) +
      (node['Rows Removed by Join Filter'] ?? 0)) *
    node['Actual Loops'];

  const prepareAll = async () => {
    for (const statementOf of Object.values(statements)) {
      const { statement, values } = capture(statementOf);
      if (statement.name === undefined) continue;
      prepared.add(statement.name);
      // After five executions PostgreSQL may keep one plan for all parameters.
      for (let i = 0; i < 7; i++) {
        await client.query('begin');
        await client.query({ name: statement.name, text: statement.text, values });
        await client.query('rollback');
      }
    }
  };
  const empty = () => client.query('truncate tailnet_coordinators cascade');
  /** Nothing here makes PostgreSQL throw away its plans. */
  const fill = async () => {
    await client.query(
      `insert into tailnet_coordinators select gen_random_uuid(), now() from generate_series(2, ${COORDINATORS})`,
    );
    await client.query('insert into tailnet_coordinators values ($1, now()) on conflict do nothing', [
      writer.coordinatorId,
    ]);
    const everywhere = `(select id from tailnet_coordinators order by id offset number % ${COORDINATORS} limit 1)`;
    await client.query(
      `insert into tailnet_tunnels (coordinator_id, src_id, dst_id, updated_at)
       select ${everywhere}, $1::uuid, peer, now()
       from (select number, coalesce(($2::uuid[])[number], gen_random_uuid()) as peer
             from generate_series(1, ${DEGREE}) as number) as spoke
       union all
       select ${everywhere}, peer, $1::uuid, now()
       from (select number, coalesce(($2::uuid[])[number], gen_random_uuid()) as peer
             from generate_series(1, ${DEGREE}) as number) as spoke
       union all
       select ${everywhere}, gen_random_uuid(), gen_random_uuid(), now() from generate_series(1, ${DEGREE}) as number`,
      [hub, spokes],
    );
    await client.query(
      `insert into tailnet_peers (id, coordinator_id, updated_at, node, status)
       select src_id, coordinator_id, now(), '', 'ok' from tailnet_tunnels on conflict do nothing`,
    );
  };

  before(async () => {
    database = await migratedDatabase();
    client = new Client({
      ...sessionConfig(database.url, { applicationName: 'hub', statementTimeout: 20_000, connectionTimeout: 5000 }),
    });
    await client.connect();
    await client.query('insert into tailnet_coordinators values ($1, now())', [writer.coordinatorId]);
  });
  after(async () => {
    await client.end();
    await database.drop();
  });

  const expectFewRowsRead = () => {
    for (const [what, statementOf] of Object.entries(statements)) {
      it(`costs ${what} no more than anybody else`, async () => {
        const plan = await explain(statementOf);
        const greedy = nodesOf(plan)
          .filter((node) => rowsRead(node) > FEW)
          .map((node) => `${node['Node Type']} on ${node['Relation Name'] ?? 'nothing'} reads ${rowsRead(node)} rows`);
        expect(greedy).to.deep.equal([]);
        // A key costs a few blocks of its index, and a few more where a row is changed.
        const blocks = plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
        expect(blocks).to.be.lessThan(FEW * 10);
      });
    }
  };

  describe('with plans that were made when the tables were empty', () => {
    before(async () => {
      await client.query('alter table tailnet_tunnels set (autovacuum_enabled = off)');
      await client.query('alter table tailnet_peers set (autovacuum_enabled = off)');
      await client.query('vacuum analyze tailnet_coordinators, tailnet_peers, tailnet_tunnels');
      await prepareAll();
      await fill();
    });
    expectFewRowsRead();
  });

  describe('with plans that were made from statistics', () => {
    before(async () => {
      await empty();
      await fill();
      await client.query('vacuum analyze tailnet_coordinators, tailnet_peers, tailnet_tunnels');
      await prepareAll();
    });
    expectFewRowsRead();
  });

  describe('with statistics from before this coordinator came, with as many peers and tunnels', () => {
    before(async () => {
      await empty();
      await fill();
      await client.query('delete from tailnet_coordinators where id = $1', [writer.coordinatorId]);
      await client.query('vacuum analyze tailnet_coordinators, tailnet_peers, tailnet_tunnels');
      await client.query('insert into tailnet_coordinators values ($1, now())', [writer.coordinatorId]);
      await prepareAll();
      const ofAsked = `coalesce(($2::uuid[])[number], gen_random_uuid())`;
      await client.query(
        `insert into tailnet_peers (id, coordinator_id, updated_at, node, status)
         select ${ofAsked}, $1, now(), '', 'ok' from generate_series(1, ${DEGREE}) as number`,
        [writer.coordinatorId, asked],
      );
      await client.query(
        `insert into tailnet_tunnels (coordinator_id, src_id, dst_id, updated_at)
         select $1::uuid, $3::uuid, ${ofAsked}, now() from generate_series(1, ${DEGREE}) as number`,
        [writer.coordinatorId, asked, hub],
      );
    });
    expectFewRowsRead();

    it('costs loseBindings as much as there is to lose', async () => {
      const plan = await explain((run) => loseBindings(notifyingRun(run), writer.coordinatorId));
      expect(Math.max(...nodesOf(plan).map(rowsRead))).to.be.lessThan(DEGREE * 2);
    });
  });

  describe('while a coordinator that has none yet writes as many, which nobody can see until it is done', () => {
    let other: Client;
    const newcomer = crypto.randomUUID();
    before(async () => {
      await empty();
      await fill();
      await client.query('insert into tailnet_coordinators values ($1, now())', [newcomer]);
      await client.query('vacuum analyze tailnet_coordinators, tailnet_peers, tailnet_tunnels');
      await prepareAll();
      other = new Client({ connectionString: database.url });
      await other.connect();
      await other.query('begin');
      await other.query(
        `insert into tailnet_tunnels (coordinator_id, src_id, dst_id, updated_at)
         select $1, gen_random_uuid(), gen_random_uuid(), now() from generate_series(1, ${DEGREE})`,
        [newcomer],
      );
    });
    after(async () => {
      await other.query('rollback');
      await other.end();
    });
    expectFewRowsRead();
  });
});
