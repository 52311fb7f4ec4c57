// Draws docs/images/overview.svg, the picture at the top of the README: what a coordinator does, and what happens when one
// dies. It is one file for light and dark: the colours follow what the reader's system prefers.
import { writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

const file = 'docs/images/overview.svg';
const [width, height] = [920, 476];

/** The middles of the three columns, and of the rows. */
const [left, middle, right] = [170, 460, 750] as const;
const [database, coordinators, peers] = [66, 196, 366] as const;

const style = `
  :root { --card: #ffffff; --edge: #d4dae2; --ink: #1c2430; --muted: #5b6675; --fill: #f3f6fa; --blue: #2f6feb;
    --green: #1a8f4a; --amber: #b76e00; --red: #cf2f3c; }
  @media (prefers-color-scheme: dark) {
    :root { --card: #12171f; --edge: #323c4a; --ink: #e8edf3; --muted: #9aa6b5; --fill: #1c2430; --blue: #6ea8ff;
      --green: #4cc38a; --amber: #f0b35a; --red: #ff7b82; }
  }
  text { font: 14px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; fill: var(--ink);
    text-anchor: middle; }
  .name { font-weight: 600; font-size: 16px; }
  .small { font-size: 13px; fill: var(--muted); }
  .left { text-anchor: end; } .right { text-anchor: start; }
  .box { fill: var(--fill); stroke: var(--blue); stroke-width: 1.75; }
  .peer { fill: var(--fill); stroke: var(--ink); stroke-width: 1.75; }
  .dead { stroke: var(--red); stroke-dasharray: 5 5; }
  .link { fill: none; stroke: var(--blue); stroke-width: 1.75; }
  .gone { fill: none; stroke: var(--muted); stroke-width: 1.5; stroke-dasharray: 2 6; }
  .tunnel { fill: none; stroke: var(--green); stroke-width: 5; stroke-linecap: round; }
  .kept { stroke: var(--amber); stroke-dasharray: 1 11; }
  .head { fill: var(--blue); }
  .blue { fill: var(--blue); } .green { fill: var(--green); } .amber { fill: var(--amber); } .red { fill: var(--red); }`;

const text = (x: number, y: number, words: string, classes = ''): string =>
  `<text x="${x}" y="${y}"${classes === '' ? '' : ` class="${classes}"`}>${words}</text>`;

const cylinder = (x: number, y: number): string => {
  const [halfWidth, halfHeight, lid] = [104, 34, 11];
  const side = `M${x - halfWidth} ${y - halfHeight} V${y + halfHeight} A${halfWidth} ${lid} 0 0 0 ${x + halfWidth} ${y + halfHeight} V${y - halfHeight}`;
  return [
    `<path class="box" d="${side}"/>`,
    `<ellipse class="box" cx="${x}" cy="${y - halfHeight}" rx="${halfWidth}" ry="${lid}"/>`,
    text(x, y + 6, 'PostgreSQL', 'name'),
    text(x, y + 26, 'nodes, tunnels, heartbeats', 'small'),
  ].join('\n');
};

const coordinator = (x: number, name: string, isDead = false): string =>
  [
    `<rect class="box${isDead ? ' dead' : ''}" x="${x - 76}" y="${coordinators - 28}" width="152" height="56" rx="10"/>`,
    text(x, coordinators - 4, 'coordinator', isDead ? 'small' : 'name'),
    text(x, coordinators + 16, isDead ? `${name}: killed` : name, isDead ? 'red' : 'small'),
  ].join('\n');

const peer = (x: number, name: string): string =>
  `<circle class="peer" cx="${x}" cy="${peers}" r="33"/>\n${text(x, peers + 5, name, 'name')}`;

/** What a peer says goes up on the left, what it is told comes down on the right. */
const connection = (x: number, says: readonly string[], isTold: readonly (readonly [string, string])[]): string => {
  const [top, bottom] = [coordinators + 28, peers - 33];
  const line = (index: number): number => top + 38 + 20 * index;
  return [
    `<path class="link" d="M${x - 12} ${bottom} V${top + 3}" marker-end="url(#head)"/>`,
    `<path class="link" d="M${x + 12} ${top} V${bottom - 3}" marker-end="url(#head)"/>`,
    ...says.map((words, index) => text(x - 22, line(index), words, 'small left')),
    ...isTold.map(([words, colour], index) => text(x + 22, line(index), words, `right ${colour}`)),
  ].join('\n');
};

/** From the database to a coordinator beside it. */
const bend = (x: number): string => {
  const edge = middle + Math.sign(x - middle) * 104;
  return `M${edge} ${database + 10} H${x - Math.sign(x - middle) * 18} Q${x} ${database + 10} ${x} ${database + 28} V${coordinators - 28}`;
};

const picture = [
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description">`,
  '<title id="title">Peers of a mesh find each other through coordinators that share one database</title>',
  '<desc id="description">Three coordinators share one PostgreSQL. Alice and Bob are connected to two of them and are told of each other; the WireGuard tunnel between them goes through no coordinator. The third coordinator was killed: its peer Carol is LOST for Bob, their tunnel stays, and Carol comes back at another coordinator.</desc>',
  `<style>${style}</style>`,
  '<defs><marker id="head" viewBox="0 0 10 10" refX="8" refY="5" markerWidth="8" markerHeight="8" orient="auto"><path class="head" d="M0 1 L9 5 L0 9 z"/></marker></defs>',
  `<rect x="1" y="1" width="${width - 2}" height="${height - 2}" rx="16" fill="var(--card)" stroke="var(--edge)"/>`,

  // The database, and who shares it.
  `<path class="link" d="${bend(left)}"/>`,
  `<path class="link" d="M${middle} ${database + 45} V${coordinators - 28}"/>`,
  `<path class="gone" d="${bend(right)}"/>`,
  text(left + 92, database - 2, 'one statement writes', 'small'),
  text(left + 92, database + 30, 'and notifies', 'small'),
  text(middle + 14, database + 78, 'hints: read what has changed', 'small right'),
  cylinder(middle, database),
  coordinator(left, 'north'),
  coordinator(middle, 'south'),
  coordinator(right, 'east', true),

  // What peers say and are told.
  connection(left, ['my node,', 'a tunnel to Bob'], [['NODE Bob', 'green']]),
  connection(
    middle,
    ['my node,', 'a tunnel to Carol'],
    [
      ['NODE Alice', 'green'],
      ['LOST Carol', 'amber'],
    ],
  ),
  `<path class="gone" d="M${right} ${coordinators + 28} V${peers - 33}"/>`,
  `<path class="link" stroke-dasharray="6 5" d="M${right - 25} ${peers - 23} C${right - 70} ${peers - 84} ${middle + 190} ${coordinators + 8} ${middle + 80} ${coordinators + 4}" marker-end="url(#head)"/>`,
  text(right - 78, coordinators + 112, 'comes back', 'left blue'),

  // What needs none of that.
  `<path class="tunnel" d="M${left + 42} ${peers} H${middle - 42}"/>`,
  `<path class="tunnel kept" d="M${middle + 44} ${peers} H${right - 42}"/>`,
  text((left + middle) / 2, peers + 26, 'WireGuard, directly', 'green'),
  text((middle + right) / 2, peers + 26, 'keeps working', 'amber'),
  peer(left, 'Alice'),
  peer(middle, 'Bob'),
  peer(right, 'Carol'),

  text(
    width / 2,
    height - 26,
    'A coordinator dies: its peers are lost, not gone. They come back at another one, and no tunnel is torn down.',
    'small',
  ),
  '</svg>',
].join('\n');

writeFileSync(file, await format(picture, { ...(await resolveConfig(file)), parser: 'html', filepath: file }));
