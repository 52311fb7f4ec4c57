import { expect } from 'chai';
import { lineChart } from '../../bench/report/lineChart.js';

const options = { title: 'A chart', note: '', x: 'size', y: 'milliseconds' };

const numbers = (svg: string, pattern: RegExp): readonly (readonly number[])[] =>
  [...svg.matchAll(pattern)].map(([, ...groups]) => groups.map(Number));

/** The places of all points, in the order of the series. */
const pointsIn = (svg: string) => numbers(svg, /<circle cx="([\d.]+)" cy="([\d.]+)" r="\d"><title>/g);

describe('a chart', () => {
  it('has its points where they belong: in line on a line, x by logarithm', () => {
    const points = [
      [10, 2],
      [100, 4],
      [1000, 6],
    ] as const;
    const svg = lineChart({ ...options, logX: true, series: [{ name: 'p50', points }] });
    const [first = [], second = [], third = []] = pointsIn(svg);
    const [dx, dy] = [(second[0] ?? 0) - (first[0] ?? 0), (second[1] ?? 0) - (first[1] ?? 0)];
    expect(dx).to.be.above(100);
    expect(dy).to.be.below(-10);
    expect((third[0] ?? 0) - (second[0] ?? 0)).to.be.closeTo(dx, 0.2);
    expect((third[1] ?? 0) - (second[1] ?? 0)).to.be.closeTo(dy, 0.2);
    // The same places in the line.
    expect(svg).to.contain(`points="${[first, second, third].map((place) => place.join(',')).join(' ')}"`);
    // The mark of 4 is as high as the point of 4.
    const marks = new Map(numbers(svg, /y="([\d.]+)" text-anchor="end">([\d.]+)</g).map(([y, value]) => [value, y]));
    expect((marks.get(4) ?? 0) - 4).to.be.closeTo(second[1] ?? 0, 0.2);
  });

  it('has the measured values as marks of its x axis, names of all series, and what it is', () => {
    const svg = lineChart({
      ...options,
      series: [
        { name: 'p50', points: [[10, 1]] },
        { name: 'a < b & "c"', points: [[3000, 2]] },
      ],
    });
    for (const text of ['>10<', '>3,000<', '>p50<', '>a &lt; b &amp; &quot;c&quot;<', '>size<', '>milliseconds<']) {
      expect(svg).to.contain(text);
    }
    expect(svg).to.contain('aria-label="A chart"');
  });

  it('is a line without dots where values are many, and marks some of them', () => {
    const points = Array.from({ length: 100 }, (_, index) => [index + 0.5, 1] as const);
    const svg = lineChart({ ...options, series: [{ name: 'heap', points }] });
    expect(pointsIn(svg)).to.deep.equal([]);
    expect(/points="([^"]+)"/.exec(svg)?.[1]?.split(' ')).to.have.length(100);
    expect(svg.match(/text-anchor="middle">[\d.]+</g)).to.have.length(15);
  });

  it('leaves out what a logarithm has no place for, and is empty where nothing was measured', () => {
    const points = [
      [1, 0],
      [2, 10],
    ] as const;
    expect(pointsIn(lineChart({ ...options, logY: true, series: [{ name: 'cpu', points }] }))).to.have.length(1);
    const empty = lineChart({ ...options, logX: true, logY: true, series: [{ name: 'cpu', points: [] }] });
    expect(empty).not.to.contain('NaN');
    expect(pointsIn(empty)).to.deep.equal([]);
  });
});
