import type { Environment } from '../report/environment.js';
import { figureOf } from '../report/figureOf.js';
import { formatNumber } from '../report/formatNumber.js';
import { median } from '../report/median.js';
import type { Result } from './suiteRun.js';
import type { Figure, TableRow } from './tableRows.js';

/** A row with what its runs printed. */
export interface MeasuredRow extends TableRow {
  readonly results: Result[];
}

/** The medians of all runs, beside what all runs gave and the multiple of the floor. */
export const markdownTable = (environment: Environment, measured: readonly MeasuredRow[]): string => {
  const floor = measured.find(({ workload }) => workload === 'floor');
  const lines = measured.flatMap(({ figures, results }) => figures.map((figure) => row(figure, results, floor)));
  const where = Object.entries(environment).map(([name, value]) => `- ${name}: ${String(value)}`);
  return [
    ...['# W1 to W6', '', ...where, ''],
    ...['| what | median | all runs | of the floor |', '| --- | ---: | ---: | ---: |', ...lines, ''],
  ].join('\n');
};

const row = (figure: Figure, results: readonly Result[], floor: MeasuredRow | undefined): string => {
  const { name, unit } = figure;
  const values = valuesOf(figure, results);
  const middle = median(values);
  if (middle === undefined) return `| ${name} | | | |`;
  const shown = `${formatNumber(middle)}${unit === '' || unit.startsWith('/') ? unit : ` ${unit}`}`;
  const base = figure.floor && floor ? median(valuesOf({ path: figure.floor }, floor.results)) : undefined;
  const multiple = base === undefined ? '' : `${formatNumber(middle / base)} ×`;
  return `| ${name} | ${shown} | ${values.map(formatNumber).join(' · ')} | ${multiple} |`;
};

const valuesOf = (
  { path, divisor = 1 }: Pick<Figure, 'path' | 'divisor'>,
  results: readonly Result[],
): readonly number[] =>
  results.flatMap(({ metrics }) => {
    const value = figureOf(metrics, path);
    return value === undefined ? [] : [value / divisor];
  });
