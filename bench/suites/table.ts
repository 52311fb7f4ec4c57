import type { Suite } from '../command.js';
import { environment } from '../report/environment.js';
import { resultsFolder } from '../report/resultsFolder.js';
import { type MeasuredRow, markdownTable } from './markdownTable.js';
import type { Result } from './suiteRun.js';
import { tableRows } from './tableRows.js';

export const table: Suite = {
  kind: 'suite',
  description: 'W1 to W6 and the floor, each several times in fresh processes; writes a table of the medians',
  numbers: { runs: 3, idle_seconds: 60 },
  lists: { clients: [100, 1000, 4000], peers: [200], connections: [20_000] },
  run: async (suite) => {
    const { runs = 0 } = suite.numbers;
    const measured: MeasuredRow[] = [];
    const rows = tableRows(suite.numbers, suite.lists);
    for (const row of rows) measured.push({ ...row, results: [] });
    // Round by round, so that a machine that becomes slower does so for all alike.
    for (let run = 1; run <= runs; run++) {
      for (const row of measured) {
        suite.progress(`run ${run} of ${runs}: ${row.workload}`);
        row.results.push(await suite.measure(row.workload, row.numbers));
      }
    }
    const where = environment(suite.command, versionIn(measured[0]?.results[0]));
    const folder = resultsFolder(where);
    const text = markdownTable(where, measured);
    folder.write('table.json', `${JSON.stringify({ environment: where, measured }, undefined, 2)}\n`);
    folder.write('table.md', text);
    process.stdout.write(text);
  },
};

const versionIn = (result: Result | undefined): string =>
  String(result?.params['server_version'] ?? '').split(' ')[0] ?? '';
