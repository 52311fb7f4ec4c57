import type { Suite } from '../command.js';
import { environment } from '../report/environment.js';
import { page } from '../report/page.js';
import { resultsFolder } from '../report/resultsFolder.js';
import type { Result, SuiteRun } from './suiteRun.js';
import { sweepSections } from './sweepSections.js';

/** What was measured, by what was varied. */
export interface Sweep {
  readonly hubs: readonly Result[];
  readonly meshes: readonly Result[];
  readonly clusters: readonly Result[];
}

export const sweep: Suite = {
  kind: 'suite',
  description: 'the cost of one update by size of hub and of mesh, updates/s by coordinators; writes a report',
  numbers: { updates: 1000, rounds: 20, pairs: 100, seconds: 10 },
  lists: { sizes: [10, 30, 100, 300, 1000, 3000, 10_000], meshes: [10, 30, 100, 200], processes: [1, 2, 3] },
  run: async (suite) => {
    const measured = await measureAll(suite);
    const version = String(measured.hubs[0]?.params['server_version'] ?? '').split(' ')[0] ?? '';
    const where = environment(suite.command, version);
    const folder = resultsFolder(where);
    folder.write('sweep.json', `${JSON.stringify({ environment: where, ...measured }, undefined, 2)}\n`);
    folder.write('sweep.html', page('What an update costs', where, sweepSections(measured)));
    process.stdout.write(`${folder.name}sweep.html\n`);
  },
};

const measureAll = async (suite: SuiteRun): Promise<Sweep> => {
  const { numbers, lists } = suite;
  const { updates = 0, rounds = 0, pairs = 0, seconds = 0 } = numbers;
  const each = async (workload: string, list: string, numbersOf: (value: number) => Record<string, number>) => {
    const results: Result[] = [];
    for (const value of lists[list] ?? []) results.push(await suite.measure(workload, numbersOf(value)));
    return results;
  };
  return {
    hubs: await each('W3', 'sizes', (clients) => ({ clients, updates, rounds })),
    meshes: await each('mesh', 'meshes', (peers) => ({ peers, updates })),
    clusters: await each('cluster', 'processes', (processes) => ({ processes, pairs, seconds })),
  };
};
