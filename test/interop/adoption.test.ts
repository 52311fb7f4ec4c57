import { expect } from 'chai';
import { pino } from 'pino';
import { firstValueFrom, ReplaySubject, timeout } from 'rxjs';
import { runCommandLine } from '../cli/runCommandLine.js';
import { createCoordinator } from '../../src/coordinator.js';
import { migrate } from '../../src/db/migrate.js';
import { alice, bob, testPeer } from '../../src/testing/index.js';
import { fencesOf } from '../docs/markdown.js';
import { coordinatorProcess, type CoordinatorProcess } from '../processes/coordinatorProcess.js';
import { overWebSocket } from '../processes/overWebSocket.js';
import { query } from '../support/query.js';
import { testDatabase, type TestDatabase } from '../support/testDatabase.js';
import { generations, spring2024, type Generation } from './generations.js';
import { ReferenceCoordinator } from './referenceCoordinator.js';
import { referenceTables } from './referenceTables.js';

const document = 'docs/interoperability.md';

const fences = fencesOf(document);

/** The commands of the document, one a line, as words; what stands in quotation marks is one. */
const commands = fences
  .filter(({ language }) => language === 'sh')
  .flatMap(({ text }) => text.trimEnd().split('\n'))
  .map((line) => [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? ''));

describe('who adopts a database of coder/coder as the documentation says', () => {
  const role = `mesh_${crypto.randomUUID().slice(0, 8)}`;
  let database: TestDatabase;
  let reference: ReferenceCoordinator;
  let serving: CoordinatorProcess | undefined;
  afterEach(async () => {
    await serving?.[Symbol.asyncDispose]();
    serving = undefined;
    await reference.crash();
    await database.drop();
    await query(new URL('/postgres', database.url).href, `drop role if exists ${role}`);
    expect(reference.complaints).to.deep.equal([]);
  });

  const open = async (generation: Generation) => {
    database = await testDatabase();
    await query(database.url, referenceTables(generation));
    reference = await ReferenceCoordinator.start(database.url, generation);
  };

  const roleUrl = () => {
    const url = new URL(database.url);
    [url.username, url.password] = [role, 'secret'];
    return url.href;
  };

  /** A word of the document, said of the database of the test. */
  const here = (word: string): string =>
    word
      .replace('postgres://coder:secret@db:5432/coder', database.url)
      .replace('postgres://mesh:secret@db:5432/coder', roleUrl())
      .replace('database coder ', `database ${new URL(database.url).pathname.slice(1)} `)
      .replace(/\bmesh$|\bmesh /, (found) => found.replace('mesh', role));

  /** Runs a command of the document; what it printed. */
  const run = async ([program = '', ...rest]: readonly string[]): Promise<string> => {
    const words = rest.map(here);
    if (program === 'psql') {
      const [url = '', ...flags] = words;
      for (const [index, sql] of flags.entries()) if (index % 2 === 1) await query(url, sql);
      return '';
    }
    expect(program).to.equal('tailnet-coordinator');
    if (words[0] === 'serve') {
      serving = coordinatorProcess(words[2] ?? '', ['--grpc-port', 'none']);
      await serving.listening;
      return '';
    }
    let printed = '';
    const output = { out: (text: string) => (printed += text), error: (text: string) => (printed += text) };
    expect(await runCommandLine(words, output), printed).to.equal(0);
    return printed;
  };

  /** All tables, columns, indexes and triggers there are, and the rights of others than their owner. */
  const catalog = () =>
    query(
      database.url,
      `with class as (select * from pg_class where relnamespace = 'public'::regnamespace)
       select relname::text as thing, relkind::text as kind from class
       union all select attrelid::regclass || '.' || attname, format_type(atttypid, atttypmod)
         from pg_attribute join class on class.oid = attrelid and attnum > 0
       union all select tgrelid::regclass || '.' || tgname, 'trigger' from pg_trigger where not tgisinternal
       union all select relname || ' for ' || rolname, privilege_type
         from class cross join aclexplode(relacl) join pg_roles on pg_roles.oid = grantee and grantee <> relowner
       order by 1, 2`,
    );

  it('sees what it says there, and finds it as it was when it goes back', async () => {
    await open(spring2024);
    const bobs = reference.connect(bob);
    await bobs.updateDerp(1);
    await bobs.addTunnel(alice);
    const before = await catalog();

    const printed: string[] = [];
    const served = commands.findIndex((words) => words[1] === 'serve');
    for (const command of commands.slice(0, served + 2)) printed.push(await run(command));
    const promised = fences.find(({ language }) => language === 'text')?.text ?? '';
    expect(printed.join('')).to.contain(promised.replaceAll('mesh', role));
    // The last one says who lives there now.
    const { coordinatorId, url } = await serving!.listening;
    for (const id of [reference.id, coordinatorId]) expect(printed.at(-1)).to.match(new RegExp(`${id} .*live`));

    using alices = testPeer(overWebSocket(url, 'tailnet.v2.proto'), alice, { timeout: 15_000 });
    alices.updateDerp(2);
    await Promise.all([alices.eventuallyHasDerp(bob, 1), bobs.eventuallyTold('alice NODE derp 2 (new)')]);

    serving!.signal('SIGTERM');
    expect(await serving!.ended).to.equal(0);
    await bobs.eventuallyTold('alice LOST derp 2 (lost)');
    for (const command of commands.slice(served + 2)) await run(command);
    expect(await catalog()).to.deep.equal(before);
  }).timeout(60_000);

  for (const generation of generations) {
    it(`needs no more than that role to clean up there, ${generation.name}`, async () => {
      await open(generation);
      const silent = crypto.randomUUID();
      const older = generation.hasTriggers ? 'tailnet_agents' : 'tailnet_peers';
      await query(database.url, `insert into tailnet_coordinators values ('${silent}', now() - interval '25 hours')`);
      const node = generation.hasTriggers ? `'{}'` : `''`;
      await query(
        database.url,
        `insert into ${older} (id, coordinator_id, updated_at, node) values ('${bob}', '${silent}', now(), ${node})`,
      );
      await query(database.url, `create role ${role} login password 'secret'`);
      expect(await migrate(database.url, { grant: role })).to.have.property('status', 'adopted');
      await reference.eventuallyHears(await cleanedUp());
      expect(await query(database.url, `select id from ${older}`)).to.deep.equal([]);
    });
  }

  /** Runs a coordinator as that role until it has cleaned up; its id. */
  const cleanedUp = async () => {
    const cleaned$ = new ReplaySubject<void>();
    const write = (line: string) => {
      if (line.includes('cleaned up old coordinators')) cleaned$.next();
    };
    const logger = pino({}, { write });
    await using coordinator = createCoordinator({ database: roleUrl(), random: () => 0, logger });
    await firstValueFrom(cleaned$.pipe(timeout({ first: 15_000 })));
    return coordinator.id;
  };
});
