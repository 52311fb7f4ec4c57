import type { Environment } from '../report/environment.js';
import { formatNumber } from '../report/formatNumber.js';
import type { MicroFigures } from './measureMicro.js';

/** What was measured, in order. */
export interface MicroRow extends MicroFigures {
  readonly name: string;
  readonly operation: string;
}

const heads = ['what', 'per second', 'µs', '± %', 'µs, p50'] as const;

const cellsOf = ({ name, ops_per_s, us_per_op, rme_percent, p50_us_per_op }: MicroRow): readonly string[] => [
  name,
  ...[ops_per_s, us_per_op, rme_percent, p50_us_per_op].map(formatNumber),
];

/** For a terminal: names on the left, numbers below one another. */
export const microText = (rows: readonly MicroRow[]): string => {
  const lines = [heads, ...rows.map(cellsOf)];
  const widths = heads.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return lines.map((cells) => `${cells.map(pad).join('  ')}\n`).join('');
};

/** For a file: says what an operation is, too. */
export const microMarkdown = (environment: Environment, rows: readonly MicroRow[]): string =>
  [
    ...['# Parts by themselves', '', ...Object.entries(environment).map(([name, value]) => `- ${name}: ${value}`), ''],
    ...[`| ${heads.join(' | ')} | one operation is |`, '| --- | ---: | ---: | ---: | ---: | --- |'],
    ...rows.map((row) => `| ${cellsOf(row).join(' | ')} | ${row.operation} |`),
    '',
  ].join('\n');
