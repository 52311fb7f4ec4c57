import type { Environment } from './environment.js';
import { escapeHtml } from './escapeHtml.js';
import { formatNumber } from './formatNumber.js';
import { type ChartOptions, lineChart } from './lineChart.js';

export interface Section {
  readonly title: string;
  readonly text: string;
  readonly charts: readonly ChartOptions[];
  readonly table?: Table;
}

/** Its first row is the head. */
export type Table = readonly (readonly string[])[];

/** A page that needs nothing else: it can be opened from a disk or sent to somebody. */
export const page = (title: string, environment: Environment, sections: readonly Section[]): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
<h1>${escapeHtml(title)}</h1>
<dl>
${Object.entries(environment)
  .map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(String(value))}</dd></div>`)
  .join('\n')}
</dl>
${sections.map(sectionHtml).join('\n')}
</html>
`;

const sectionHtml = ({ title, text, charts, table = [] }: Section): string => `<section>
<h2>${escapeHtml(title)}</h2>
<p>${escapeHtml(text)}</p>
${tableHtml(table)}<div class="charts">
${charts.map(figure).join('\n')}
</div>
</section>`;

const tableHtml = (table: Table): string => {
  if (table.length === 0) return '';
  const rows = table.map((cells) => `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`);
  return `<table>${rows.join('\n')}</table>\n`;
};

const figure = (chart: ChartOptions): string => `<figure>
<figcaption><strong>${escapeHtml(chart.title)}</strong> ${escapeHtml(chart.note)}</figcaption>
${lineChart(chart)}
<details><summary>The figures</summary>
${dataTable(chart)}
</details>
</figure>`;

const dataTable = ({ x, series }: ChartOptions): string => {
  const xs = [...new Set(series.flatMap(({ points }) => points.map(([value]) => value)))].sort((a, b) => a - b);
  const row = (value: number): string => {
    const cells = series.map(({ points }) => points.find(([px]) => px === value)?.[1]);
    return `<tr><th>${formatNumber(value)}</th>${cells
      .map((cell) => `<td>${cell === undefined ? '' : formatNumber(cell)}</td>`)
      .join('')}</tr>`;
  };
  return `<table><tr><th>${escapeHtml(x)}</th>${series.map(({ name }) => `<th>${escapeHtml(name)}</th>`).join('')}</tr>
${xs.map(row).join('\n')}</table>`;
};

/** Light and dark; the colours of the series are told apart by people who see red and green alike, too. */
const style = `
:root { color-scheme: light dark; --page: #fcfcfb; --ink: #1c1c1a; --muted: #62625c; --grid: #dededa;
  --series-1: #1f6fb4; --series-2: #c8560a; --series-3: #14835f; --series-4: #8a4fb0; }
@media (prefers-color-scheme: dark) { :root { --page: #17171a; --ink: #ecece8; --muted: #a3a39b; --grid: #37373b;
  --series-1: #6db3ee; --series-2: #f2a25c; --series-3: #5fcaa2; --series-4: #c79be6; } }
body { font: 16px/1.5 system-ui, sans-serif; background: var(--page); color: var(--ink); margin: 2rem auto; padding: 0 1rem;
  max-width: 84rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 0.25rem; } p { margin: 0 0 1rem; max-width: 48rem; }
dl { display: flex; flex-wrap: wrap; gap: 0.25rem 2rem; color: var(--muted); font-size: 0.9rem; }
dl div { display: flex; gap: 0.5rem; } dt::after { content: ':'; } dd { margin: 0; color: var(--ink); overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 2rem; }
figure { margin: 0; } figcaption { min-height: 3.2rem; color: var(--muted); } figcaption strong { color: var(--ink); display: block; }
svg { width: 100%; height: auto; display: block; font: 13px system-ui, sans-serif; }
svg text.mark { fill: var(--muted); } svg text.label { fill: var(--ink); }
svg .grid { stroke: var(--grid); } svg .axis { stroke: var(--muted); }
${[1, 2, 3, 4]
  .map(
    (
      index,
    ) => `.series-${index} polyline, .series-${index} line { stroke: var(--series-${index}); stroke-width: 2; fill: none; }
.series-${index} polyline { stroke-dasharray: ${index === 1 ? 'none' : `${10 / index} ${8 / index}`}; }
.series-${index} circle { fill: var(--series-${index}); }`,
  )
  .join('\n')}
summary { cursor: pointer; color: var(--muted); font-size: 0.9rem; }
table { border-collapse: collapse; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.15rem 0.75rem; text-align: right; border-bottom: 1px solid var(--grid); font-weight: normal; }
tr:first-child th { color: var(--muted); }
`;
