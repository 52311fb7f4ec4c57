import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Environment, environment } from '../../bench/report/environment.js';
import { formatNumber } from '../../bench/report/formatNumber.js';
import { median } from '../../bench/report/median.js';
import { page } from '../../bench/report/page.js';
import { resultsFolder } from '../../bench/report/resultsFolder.js';
import { markdownTable } from '../../bench/suites/markdownTable.js';
import type { Result } from '../../bench/suites/suiteRun.js';
import { sweepSections } from '../../bench/suites/sweepSections.js';

const where: Environment = {
  ...environment('npm run bench -- table', '15.4'),
  ...{ date: '2026-01-31T10:00:00.000Z', cores: 2 },
};

describe('the reports of the benchmark', () => {
  it('say on what they were measured, and not where', () => {
    const said = JSON.stringify(environment('npm run bench -- sweep', '15.4'));
    for (const name of ['cpu', 'cores', 'memory_gib', 'node', 'commit', 'date']) expect(said).to.contain(`"${name}":`);
    expect(said).to.contain(process.version);
    expect(said).not.to.contain(process.cwd());
    if (hostname() !== 'localhost') expect(said).not.to.contain(`"${hostname()}"`);
  });

  it('are kept by day, cores and server', () => {
    const base = mkdtempSync(join(tmpdir(), 'tailnet-results-'));
    try {
      const folder = resultsFolder(where, base);
      expect(folder.name).to.equal('bench/results/2026-01-31-2-cores-postgresql-15/');
      folder.write('a.txt', 'figures');
      expect(readFileSync(join(base, folder.name, 'a.txt'), 'utf8')).to.equal('figures');
      const { postgresql: _, ...withoutServer } = where;
      expect(resultsFolder(withoutServer, base).name).to.equal('bench/results/2026-01-31-2-cores/');
    } finally {
      rmSync(base, { recursive: true });
    }
  });

  it('have numbers that people can read', () => {
    expect([0, 0.000123456, 1.005, 12.345, 999.5, 1234.5, 1_234_567].map(formatNumber)).to.deep.equal([
      '0',
      '0.000123',
      '1',
      '12.3',
      '1,000',
      '1,235',
      '1,234,567',
    ]);
  });

  it('have the middle of several runs', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([7]), median([])]).to.deep.equal([2, 2.5, 7, undefined]);
  });

  it('have a table of medians, all runs and multiples of the floor', () => {
    const result = (workload: string, p50_ms: number): Result => ({ workload, params: {}, metrics: { p50_ms } });
    const floor = { name: 'floor', path: 'p50_ms', unit: 'ms' };
    const table = markdownTable(where, [
      { workload: 'floor', numbers: {}, figures: [floor], results: [result('floor', 0.5), result('floor', 0.5)] },
      {
        workload: 'W1',
        numbers: {},
        figures: [
          { ...floor, name: 'W1', floor: 'p50_ms' },
          { name: 'W1 statements', path: 'cost.statements', unit: '' },
        ],
        results: [result('W1', 1), result('W1', 3), result('W1', 2)],
      },
    ]);
    expect(table).to.contain('| floor | 0.5 ms | 0.5 · 0.5 |  |');
    expect(table).to.contain('| W1 | 2 ms | 1 · 3 · 2 | 4 × |');
    expect(table).to.contain('| W1 statements | | | |');
    expect(table).to.contain('- cores: 2');
  });

  it('have a page that needs nothing from elsewhere, also where a server counts no statements', () => {
    const phase = (p50_ms: number) => ({
      ...{ p50_ms, p99_ms: 2 * p50_ms },
      cost: { statements: null, rows: null, cpu_process_s: 0.5, cpu_pg_s: 0.1 },
    });
    const hubs = [10, 100].map((clients) => ({
      workload: 'W3',
      params: { clients, rounds: 20, updates: 200 },
      metrics: { a_join: { join_s: clients / 100 }, b_hub_update: phase(clients), c_client_update: phase(1) },
    }));
    const meshes = [{ workload: 'mesh', params: { peers: 10, updates: 100 }, metrics: phase(1) }];
    const clusters = [{ workload: 'cluster', params: { processes: 1 }, metrics: { updates_per_s: 100 } }];
    const html = page('Costs', where, sweepSections({ hubs, meshes, clusters }));
    expect(html.match(/<svg /g)).to.have.length(12);
    expect(html).not.to.match(/NaN|undefined|Infinity|<(?:script|link|img)|https?:/);
    expect(html).to.contain('npm run bench -- table');
  });
});
