import { expect } from 'chai';
import { runProgram } from '../cli/childProcess.js';
import { testDatabase } from '../support/testDatabase.js';

const latencies = ['n', 'p50_ms', 'p95_ms', 'p99_ms', 'max_ms', 'min_ms'];
const costs = [
  ...['wall_s', 'cpu_process_s', 'cpu_pg_s', 'cpu_other_s', 'statements', 'rows', 'xact_commit'],
  ...['bytes_from_pg', 'bytes_to_pg', 'peer_updates_received'],
];

describe('the benchmark', () => {
  it('prints one line with everything that is prescribed: W1, in small', async () => {
    await using database = await testDatabase();
    const words = ['W1', '--database-url', database.url, '--pairs', '2', '--updates', '5'];
    await using program = runProgram('bench/main.ts', words);
    expect(await program.ended, program.errors()).to.equal(0);
    expect(program.lines).to.have.length(1);
    const { impl, workload, params, metrics } = JSON.parse(program.lines[0] ?? '') as {
      readonly impl: string;
      readonly workload: string;
      readonly params: Readonly<Record<string, unknown>>;
      readonly metrics: Readonly<Record<string, unknown>> & { readonly cost: Readonly<Record<string, unknown>> };
    };
    expect({ impl, workload }).to.deep.equal({ impl: 'tailnet-coordinator', workload: 'W1' });
    expect(params).to.include({ pool: 10, pool_idle: 10, pairs: 2, updates: 5, idle_listeners: 0, commit_delay: 0 });
    expect(params).to.include.keys('synchronous_commit', 'server_version', 'endpoints', 'regions', 'addresses');
    expect(metrics).to.have.all.keys(...latencies, 'lat', 'cost', 'lost');
    expect(metrics).to.include({ n: 5, lost: 0 });
    expect(metrics['lat']).to.have.all.keys(latencies);
    expect(metrics.cost).to.have.all.keys(costs);
    expect(metrics.cost['peer_updates_received']).to.equal(5);
    expect(metrics.cost['bytes_to_pg']).to.be.above(5 * 440);
  });

  it('refuses what it does not know in one line', async () => {
    await using program = runProgram('bench/main.ts', ['W1', '--size', '3']);
    expect(await program.ended).to.equal(2);
    expect(program.errors()).to.match(/^Unknown option '--size'; W1 takes .*\n$/);
    expect(program.lines).to.deep.equal([]);
  });
});
