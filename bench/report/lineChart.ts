import { escapeHtml } from './escapeHtml.js';
import { formatNumber } from './formatNumber.js';
import { type Scale, linearScale, logScale } from './scale.js';

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface ChartOptions {
  readonly title: string;
  /** What a reader should see in it. */
  readonly note: string;
  readonly x: string;
  readonly y: string;
  /** Logarithmic axes. Default: x linear from 0, y linear from 0. */
  readonly logX?: boolean;
  readonly logY?: boolean;
  /** At most four: more cannot be told apart. */
  readonly series: readonly Series[];
}

/** More marks of the x axis would lie on one another. */
const mostMarks = 15;

const [width, height] = [640, 340];
const frame = { left: 66, right: 616, top: 44, bottom: 282 };

/**
 * Lines over measured points, as SVG to stand in a page that sets the colours (`--ink`, `--muted`, `--grid` and
 * `--series-1` to `--series-4`). The marks of the x axis are the measured values, or some of
 * them where they are many. On a logarithmic y axis values of 0
 * are left out.
 */
export const lineChart = ({ title, x, y, logX = false, logY = false, series }: ChartOptions): string => {
  const drawn = series.map(({ name, points }) => ({ name, points: points.filter(([, value]) => !logY || value > 0) }));
  const xs = [...new Set(drawn.flatMap(({ points }) => points.map(([value]) => value)))].sort((a, b) => a - b);
  const ys = drawn.flatMap(({ points }) => points.map(([, value]) => value));
  const xScale = xScaleOf(xs, logX);
  const yScale = logY && ys.length > 0 ? logScale(Math.min(...ys), Math.max(...ys)) : linearScale(Math.max(0, ...ys));
  const left = (value: number): number =>
    round(frame.left + 14 + xScale.place(value) * (frame.right - frame.left - 28));
  const top = (value: number): number => round(frame.bottom - yScale.place(value) * (frame.bottom - frame.top));

  const yMarks = yScale.ticks.map(
    (tick) =>
      `<line class="grid" x1="${frame.left}" x2="${frame.right}" y1="${top(tick)}" y2="${top(tick)}"/>` +
      `<text class="mark" x="${frame.left - 8}" y="${top(tick) + 4}" text-anchor="end">${formatNumber(tick)}</text>`,
  );
  const every = Math.ceil(xs.length / mostMarks);
  const marked = xs.filter((_, index) => index % every === 0);
  const xMarks = marked.map(
    (value) =>
      `<line class="grid" x1="${left(value)}" x2="${left(value)}" y1="${frame.bottom}" y2="${frame.bottom + 5}"/>` +
      `<text class="mark" x="${left(value)}" y="${frame.bottom + 20}" text-anchor="middle">${formatNumber(value)}</text>`,
  );
  const lines = drawn.map(({ name, points }, index) => {
    const places = points.map(([px, py]) => `${left(px)},${top(py)}`).join(' ');
    // Many dots would hide their line, and their figures are in the page's table, too.
    const dots = (points.length > mostMarks ? [] : points).map(
      ([px, py]) =>
        `<circle cx="${left(px)}" cy="${top(py)}" r="${radius(index)}"><title>${escapeHtml(`${name}: ${formatNumber(py)} at ${formatNumber(px)}`)}</title></circle>`,
    );
    return `<g class="series-${index + 1}"><polyline points="${places}"/>${dots.join('')}</g>`;
  });
  return [
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(title)}">`,
    ...yMarks,
    ...xMarks,
    `<line class="axis" x1="${frame.left}" x2="${frame.right}" y1="${frame.bottom}" y2="${frame.bottom}"/>`,
    `<text class="label" x="${(frame.left + frame.right) / 2}" y="${height - 14}" text-anchor="middle">${escapeHtml(x)}</text>`,
    `<text class="label" x="${frame.left - 52}" y="16">${escapeHtml(y)}</text>`,
    ...legend(drawn.map(({ name }) => name)),
    ...lines,
    '</svg>',
  ].join('\n');
};

/** Smaller from one series to the next, so that one that lies on another hides nothing; lines are dashed for the same reason. */
const radius = (index: number): number => 5 - index;

/** Names beside pieces of their lines, from the right end of the top. */
const legend = (names: readonly string[]): readonly string[] => {
  const entries: string[] = [];
  let end = frame.right;
  for (const [index, name] of [...names.entries()].reverse()) {
    const start = end - 26 - name.length * 7;
    entries.push(
      `<g class="series-${index + 1}"><line x1="${start}" x2="${start + 18}" y1="12" y2="12"/>` +
        `<circle cx="${start + 9}" cy="12" r="${radius(index)}"/></g>` +
        `<text class="label" x="${start + 24}" y="16">${escapeHtml(name)}</text>`,
    );
    end = start - 14;
  }
  return entries;
};

const xScaleOf = (xs: readonly number[], isLog: boolean): Scale => {
  const [min = 1, max = 1] = [xs[0], xs.at(-1)];
  if (min === max) return { place: () => 0.5, ticks: xs };
  // From the first measured value to the last; beyond them there is nothing to see.
  const along = isLog ? Math.log : (value: number) => value;
  return { place: (value) => (along(value) - along(min)) / (along(max) - along(min)), ticks: xs };
};

const round = (place: number): number => Math.round(place * 10) / 10;
