import type { Environment } from '../../bench/report/environment.js';
import type { ChartOptions, Series } from '../../bench/report/lineChart.js';
import { formatNumber } from '../../bench/report/formatNumber.js';
import { median } from '../../bench/report/median.js';
import { page, type Section, type Table } from '../../bench/report/page.js';
import { table } from '../../src/cli/table.js';
import type { Judged } from './judgeSeries.js';
import { metrics, type MetricName, type Sample } from './metrics.js';
import type { Recovery, SoakResult } from './soak.js';

/** Why a run is no success; empty if it is one. */
export const reasonsOf = ({ failures }: SoakResult, judged: readonly Judged[]): readonly string[] => [
  ...failures,
  ...judged
    .filter(({ verdict }) => verdict === 'rising')
    .map(({ metric, series, middle = NaN, end = NaN, limit = NaN }) => {
      const { title, unit } = metrics[metric];
      const last = unit === '' ? formatNumber(end) : `${formatNumber(end)} ${unit}`;
      return `not flat: ${title}, ${series}: ${last} in the last third, ${formatNumber(middle)} in the second, ${formatNumber(limit)} at most`;
    }),
];

/** Recovery in seconds by kind of fault: how often, median, worst. */
export const recoveryTable = (recoveries: readonly Recovery[]): Table => [
  ['fault', 'times', 'median (s)', 'worst (s)', 'not in time'],
  ...[...new Set(recoveries.map(({ kind }) => kind))].sort().map((kind) => {
    const all = recoveries.filter((recovery) => recovery.kind === kind).map(({ milliseconds }) => milliseconds);
    const times = all.filter((time) => time !== undefined);
    return [
      kind,
      String(all.length),
      inSeconds(median(times)),
      inSeconds(max(times)),
      String(all.length - times.length),
    ];
  }),
];

/** The same for a terminal. */
export const recoveryLines = (recoveries: readonly Recovery[]): string => {
  const [titles = [], ...rows] = recoveryTable(recoveries);
  return table(titles, rows);
};

/** The whole run on one page. */
export const soakPage = (result: SoakResult, judged: readonly Judged[], environment: Environment): string => {
  const reasons = reasonsOf(result, judged);
  const { recoveries, deeds, logged, minutes, isInterrupted } = result;
  const acts = [...deeds.values()].reduce((sum, count) => sum + count, 0);
  const how = `${formatNumber(minutes)} minutes${isInterrupted ? ', then interrupted' : ''}; ${recoveries.length} faults; ${acts} deeds of peers`;
  const sections: readonly Section[] = [
    {
      title: reasons.length === 0 ? 'Passed' : 'Failed',
      text: `${how}.`,
      charts: [],
      table: reasons.map((reason) => [reason]),
    },
    {
      title: 'Recovery',
      text: 'From the end of a fault until every peer has seen what is true, and nothing else for the next second.',
      charts: [],
      table: recoveryTable(recoveries),
    },
    {
      title: 'What stays flat',
      text: 'Measured when all was right after a fault. The median of the last third must not be above that of the second third by more than the margin. A coordinator that takes the place of another begins a new series; the first one is never ended.',
      charts: Object.keys(metrics).map((name) => chartOf(name as MetricName, result.samples)),
      table: flatnessTable(judged),
    },
    {
      title: 'All faults',
      text: 'In order. Times are seconds.',
      charts: [],
      table: [
        ['over at', 'fault', 'particulars', 'recovery'],
        ...recoveries.map(({ at, kind, detail, milliseconds }) => [
          formatNumber(at),
          ...[kind, detail],
          milliseconds === undefined ? 'not in time' : inSeconds(milliseconds),
        ]),
      ],
    },
    { title: 'What peers did', text: '', charts: [], table: countsOf('deed', deeds) },
    { title: 'What coordinators logged', text: '', charts: [], table: countsOf('message', logged) },
  ];
  return page('Soak', environment, sections);
};

const countsOf = (what: string, counts: ReadonlyMap<string, number>): Table => [
  [what, 'times'],
  ...[...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => [name, String(count)]),
];

const flatnessTable = (judged: readonly Judged[]): Table => [
  ['figure', 'series', 'values', 'second third', 'last third', 'at most', 'verdict'],
  ...judged
    .filter(({ verdict }) => verdict !== 'unjudged')
    .map(({ metric, series, count, middle = NaN, end = NaN, limit = NaN, verdict }) => {
      const { title, unit } = metrics[metric];
      return [
        `${title}${unit === '' ? '' : `, ${unit}`}`,
        ...[series, String(count), formatNumber(middle), formatNumber(end), formatNumber(limit), verdict],
      ];
    }),
];

const chartOf = (name: MetricName, samples: readonly Sample[]): ChartOptions => {
  const { title, unit, margin } = metrics[name];
  const points = new Map<string, [number, number][]>();
  for (const { at, figures } of samples.filter(({ isCalm }) => isCalm)) {
    for (const { metric, of, value } of figures) {
      if (metric !== name) continue;
      points.set(of, [...(points.get(of) ?? []), [Math.round(at), value]]);
    }
  }
  const series: readonly Series[] = [...points].map(([of, values]) => ({ name: of, points: values }));
  const note = `Margin: ${formatNumber(100 * margin.share)} % and ${formatNumber(margin.besides)}${unit === '' ? '' : ` ${unit}`}.`;
  return { title, note, x: 'seconds', y: unit === '' ? 'number' : unit, series };
};

const max = (times: readonly number[]): number | undefined => (times.length === 0 ? undefined : Math.max(...times));

const inSeconds = (milliseconds: number | undefined): string =>
  milliseconds === undefined ? '' : (milliseconds / 1000).toFixed(2);
