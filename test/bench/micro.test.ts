import { expect } from 'chai';
import { measureMicro } from '../../bench/micro/measureMicro.js';
import { choose } from '../../bench/micro/micro.js';
import { microBenchmarks } from '../../bench/micro/microBenchmarks.js';
import { microMarkdown, microText } from '../../bench/micro/microTable.js';
import { createSpecimens } from '../../bench/micro/specimens.js';
import { environment } from '../../bench/report/environment.js';
import { UsageError } from '../../bench/usageError.js';
import { runProgram } from '../cli/childProcess.js';
import { textOf } from '../docs/markdown.js';

describe('the micro-benchmarks', () => {
  for (const [name, benchmark] of Object.entries(microBenchmarks)) {
    it(`do what they say: ${name}`, async () => {
      const figures = await measureMicro(name, benchmark, createSpecimens(), 0);
      expect(figures).to.have.all.keys('ops_per_s', 'us_per_op', 'p50_us_per_op', 'rme_percent');
    });
  }

  it('are all documented', () => {
    const text = textOf('docs/benchmark.md').replaceAll(/ +/g, ' ');
    for (const [name, { operation }] of Object.entries(microBenchmarks)) {
      expect(text).to.contain(`| \`${name}\` | ${operation} |`);
    }
    expect(text.match(/^\| `[\w-]+\/[\w-]+` \|/gm)).to.have.length(Object.keys(microBenchmarks).length);
  });

  it('have peers of any shape', async () => {
    const specimens = createSpecimens({ addresses: 0, endpoints: 0, regions: 0 });
    for (const [name, benchmark] of Object.entries(microBenchmarks)) await measureMicro(name, benchmark, specimens, 0);
  });

  it('are refused when they do not do all of what they are to measure', async () => {
    const idle = { operation: 'nothing', operations: 10, prepare: () => () => 9 };
    const refusal = await measureMicro('idle', idle, createSpecimens(), 0).catch((error: unknown) => error);
    expect(refusal).to.be.instanceOf(Error).with.property('message', 'idle did 9 of 10 operations');
  });

  it('are chosen by name, or by what comes before the slash', () => {
    expect(choose(microBenchmarks, undefined)).to.equal(microBenchmarks);
    expect(Object.keys(choose(microBenchmarks, 'mapper/1'))).to.deep.equal(['mapper/1']);
    expect(Object.keys(choose(microBenchmarks, 'mapper'))).to.deep.equal(['mapper/1', 'mapper/1000']);
    expect(() => choose(microBenchmarks, 'map')).to.throw(
      UsageError,
      /^there is no micro-benchmark map; there are .*,/,
    );
  });

  it('are shown below one another on a terminal, and with what an operation is in a file', () => {
    const figures = { ops_per_s: 1_230_000, us_per_op: 0.813, p50_us_per_op: 0.8, rme_percent: 1.2 };
    const rows = [
      { name: 'a/long-name', operation: 'one', ...figures },
      { name: 'b', operation: 'two', ...figures, ops_per_s: 7 },
    ];
    expect(microText(rows).split('\n')).to.deep.equal([
      'what         per second     µs  ± %  µs, p50',
      'a/long-name   1,230,000  0.813  1.2      0.8',
      'b                     7  0.813  1.2      0.8',
      '',
    ]);
    const markdown = microMarkdown(environment('npm run bench -- micro'), rows);
    expect(markdown).to.contain('| b | 7 | 0.813 | 1.2 | 0.8 | two |').and.contain('- command: npm run bench -- micro');
    expect(markdown).not.to.match(/undefined|postgresql/);
  });

  it('print one line, and need no database', async () => {
    await using program = runProgram('bench/main.ts', ['micro', '--only', 'uuid', '--milliseconds', '1']);
    expect(await program.ended, program.errors()).to.equal(0);
    expect(program.errors()).to.equal('');
    expect(program.lines).to.have.length(1);
    const { impl, workload, params, metrics } = JSON.parse(program.lines[0] ?? '') as Record<string, object>;
    expect({ impl, workload }).to.deep.equal({ impl: 'tailnet-coordinator', workload: 'micro' });
    expect(params).to.include({ milliseconds: 1, endpoints: 4, regions: 3, addresses: 2 });
    expect(metrics).to.have.all.keys('uuid/fromBytes', 'uuid/toBytes');
  });
});
