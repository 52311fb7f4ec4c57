import { expect } from 'chai';
import type { Registry } from 'prom-client';
import { parse } from 'yaml';
import { FleetMetrics } from '../../src/cli/workers/fleetMetrics.js';
import { createMetrics } from '../../src/metrics/index.js';
import { parseMetrics } from '../support/parseMetrics.js';
import { textOf } from './markdown.js';

interface Described {
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
}

/** All metrics of a registry, also those of which there is no series yet. */
const describedBy = (registry: Registry): ReadonlyMap<string, Described> =>
  new Map(
    registry.getMetricsAsArray().map((metric) => {
      // The types of prom-client do not have the names of the labels.
      const { name, type, help, labelNames } = metric as typeof metric & { readonly labelNames: readonly string[] };
      return [name, { type: String(type), labels: labelNames, help }];
    }),
  );

const rowsUnder = (heading: string): readonly (readonly string[])[] => {
  const [, section = ''] = textOf('docs/metrics.md').split(`\n${heading}\n`);
  const rows = section.split(/\n## /)[0]?.match(/^\| `.*\|$/gm) ?? [];
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
};

const unquoted = (cell = ''): string => cell.replaceAll('`', '');

interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

const rules = (
  parse(textOf('deploy/prometheus/alerts.yml')) as { groups: readonly { rules: readonly AlertRule[] }[] }
).groups.flatMap((group) => group.rules);

/** Every string in a dashboard under one of these keys. */
const stringsUnder = (keys: readonly string[], value: unknown): readonly string[] => {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === 'string' && keys.includes(key) ? [inner] : stringsUnder(keys, inner),
  );
};

const dashboard: unknown = JSON.parse(textOf('deploy/grafana/tailnet-coordinator.json'));

/** Metrics that an expression names, as `[what it names, the metric]`. */
const metricsIn = (expression: string): readonly string[] => [
  ...new Set(expression.match(/\b(?:tailnet|nodejs|process)_\w+/g) ?? []),
];

/** Labels that an expression picks by, or groups by. */
const labelsIn = (expression: string): readonly string[] => [
  ...[...expression.matchAll(/\b(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = '']) => label),
  ...[...expression.matchAll(/\b(?:by|ignoring|without|on)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(',').map((label) => label.trim()),
  ),
];

/** Labels that Prometheus gives everything that it scrapes, and that of the buckets. */
const ofPrometheus = ['job', 'instance', 'le'];

describe('metrics are documented, and what names them names those that there are', () => {
  const own = describedBy(createMetrics().registry);
  const ofWorkers = describedBy(new FleetMetrics(1).registry);
  const all = new Map([...describedBy(createMetrics({ ofProcess: true }).registry), ...ofWorkers]);

  const itHasAll = (heading: string, metrics: ReadonlyMap<string, Described>): void => {
    it(`the table under "${heading}" has exactly the metrics that there are, as they describe themselves`, () => {
      const table = rowsUnder(heading).filter((cells) => cells.length === 4);
      const documented = table.map(([name, type = '', labels = '', help = '']) => [
        unquoted(name),
        { type, labels: labels === 'none' ? [] : unquoted(labels).split(', '), help },
      ]);
      expect(documented.map(([name]) => name)).to.have.members([...metrics.keys()]);
      expect(Object.fromEntries(documented)).to.deep.equal(Object.fromEntries(metrics));
    });
  };
  itHasAll('## All of them', own);
  itHasAll('## Of workers', ofWorkers);

  it('every label is explained, and no other', () => {
    const explained = rowsUnder('## All of them').flatMap(([label, , ...more]) =>
      more.length === 0 ? [unquoted(label)] : [],
    );
    const metricsOfProcess = explained.filter((name) => all.has(name));
    const labels = explained.filter((name) => !all.has(name));
    expect(labels).to.have.members([...new Set([...own.values()].flatMap((metric) => metric.labels))]);
    const named = [...rules.map(({ expr }) => expr), ...stringsUnder(['expr'], dashboard)].flatMap(metricsIn);
    expect(metricsOfProcess).to.have.members([...new Set(named.filter((name) => !name.startsWith('tailnet_')))]);
  });

  it('names follow the conventions', async () => {
    for (const [name, { type, help }] of own) {
      expect(name).to.match(/^tailnet_[a-z_]+$/);
      expect(name.endsWith('_total'), name).to.equal(type === 'counter');
      expect(help, name).to.match(/\.$/);
    }
    const scraped = parseMetrics(await createMetrics({ ofProcess: true }).registry.metrics());
    expect([...scraped.keys()]).to.include.members([...own.keys()]);
  });

  const expressions = [
    ...rules.map(({ alert, expr }) => [`the alert ${alert}`, expr] as const),
    ...stringsUnder(['expr', 'query', 'definition'], dashboard).map((expr) => ['the dashboard', expr] as const),
  ];

  it('rules and dashboard name metrics and labels that there are', () => {
    for (const [place, expression] of expressions) {
      const found = metricsIn(expression).map((named) => {
        const metric = all.get(named) ?? all.get(named.replace(/_(bucket|sum|count)$/, ''));
        expect(metric, `${place}: ${named}`).not.to.equal(undefined);
        const isPart = !all.has(named);
        expect(isPart, `${place}: ${named}`).to.equal(metric?.type === 'histogram');
        return metric;
      });
      const labels = [...ofPrometheus, ...found.flatMap((metric) => metric?.labels ?? [])];
      for (const label of labelsIn(expression)) expect(labels, `${place}: ${expression}`).to.include(label);
    }
    expect(expressions).to.have.length.above(50);
  });

  it('values of labels that rules and dashboard pick are such that there are', async () => {
    const { registry } = createMetrics();
    const series = [...parseMetrics(await registry.metrics()).values()].flatMap((metric) => [...metric.series.keys()]);
    for (const [place, expression] of expressions) {
      for (const [picked] of expression.matchAll(/\b(?:state|result|stage|kind|query|reason)!?="\w+"/g)) {
        expect(
          series.some((name) => name.includes(picked.replace('!=', '='))),
          `${place}: ${picked}`,
        ).to.equal(true);
      }
    }
  });

  it('every metric is in the dashboard', () => {
    const shown = stringsUnder(['expr', 'query'], dashboard).join(' ');
    for (const name of [...own.keys(), ...ofWorkers.keys()]) expect(shown).to.contain(name);
  });

  it('every alert says what happened and leads to what to do, and nothing there is about another one', () => {
    const [, section = ''] = textOf('docs/operations.md').split('\n## When an alert fires\n');
    const headings = [...section.matchAll(/^### (\w+)$/gm)].map(([, heading = '']) => heading);
    expect(headings).to.deep.equal(rules.map(({ alert }) => alert));
    for (const { alert, annotations } of rules) {
      expect(Object.keys(annotations), alert).to.deep.equal(['summary', 'description', 'runbook']);
      expect(annotations['runbook']).to.equal(`docs/operations.md#${alert.toLowerCase()}`);
    }
  });
});
