import type { PartsCommand, PartsRun } from '../command.js';
import { environment } from '../report/environment.js';
import { resultsFolder } from '../report/resultsFolder.js';
import { UsageError } from '../usageError.js';
import type { MicroBenchmarks } from './microBenchmark.js';
import { type MicroRow, microMarkdown, microText } from './microTable.js';
import { createSpecimens } from './specimens.js';

export const micro: PartsCommand = {
  kind: 'parts',
  description: 'parts of the coordinator by themselves: what an operation of each takes; needs no database',
  numbers: { milliseconds: 500 },
  texts: { only: 'NAME' },
  flags: ['write'],
  run: async (run) => {
    // Not part of the package's interface, and of no use to the other commands.
    const [{ microBenchmarks }, { measureMicro }] = await Promise.all([
      import('./microBenchmarks.js'),
      import('./measureMicro.js'),
    ]);
    const chosen = choose(microBenchmarks, run.texts['only']);
    const specimens = createSpecimens(run.shape);
    const rows: MicroRow[] = [];
    for (const [name, benchmark] of Object.entries(chosen)) {
      run.progress(`${rows.length + 1} of ${Object.keys(chosen).length}: ${name}`);
      const figures = await measureMicro(name, benchmark, specimens, run.numbers['milliseconds'] ?? 0);
      rows.push({ name, operation: benchmark.operation, ...figures });
    }
    report(run, rows);
    return Object.fromEntries(rows.map(({ name, operation: _, ...figures }) => [name, figures]));
  },
};

/** @param only a name, or what several have before the slash */
export const choose = (all: MicroBenchmarks, only: string | undefined): MicroBenchmarks => {
  if (only === undefined) return all;
  const chosen = Object.entries(all).filter(([name]) => name === only || name.startsWith(`${only}/`));
  if (chosen.length > 0) return Object.fromEntries(chosen);
  throw new UsageError(`there is no micro-benchmark ${only}; there are ${Object.keys(all).join(', ')}`);
};

const report = (run: PartsRun, rows: readonly MicroRow[]): void => {
  run.show(microText(rows));
  if (!run.flags.includes('write')) return;
  const where = environment(run.command);
  const folder = resultsFolder(where);
  folder.write('micro.json', `${JSON.stringify({ environment: where, benchmarks: rows }, undefined, 2)}\n`);
  folder.write('micro.md', microMarkdown(where, rows));
  run.show(`${folder.name}micro.md\n`);
};
