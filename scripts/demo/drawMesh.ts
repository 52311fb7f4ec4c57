import { styleText } from 'node:util';
import { BrailleCanvas, type Cell } from './brailleCanvas.js';
import { cast, tunnels } from './cast.js';
import { countSights, sightKey, type CoordinatorName, type Mesh } from './mesh.js';

type Style = 'north' | 'south' | 'away' | 'node' | 'lost' | 'killed' | 'title' | 'plain';

const colours: Readonly<Record<Style, Parameters<typeof styleText>[0]>> = {
  north: 'cyan',
  south: 'magenta',
  away: 'gray',
  node: 'green',
  lost: 'yellow',
  killed: 'red',
  title: 'bold',
  plain: 'reset',
};

/** Columns and rows of a drawing. It fits into the smallest usual terminal. */
export const size = { columns: 79, rows: 23 };

/** The picture: the peers on an ellipse, those at home at north above. */
const picture = { columns: 50, rows: 19, x: 25, y: 9, radiusX: 16, radiusY: 7 };

/** Where a peer stands. */
const placeOf = (index: number): { readonly x: number; readonly y: number; readonly side: number } => {
  // The first one stands at the left, a little above the middle; clockwise from there.
  const angle = Math.PI * (1 + (2 * index + 1) / cast.length);
  const side = Math.cos(angle);
  return {
    x: Math.round(picture.x + picture.radiusX * side),
    y: Math.round(picture.y + picture.radiusY * Math.sin(angle)),
    side,
  };
};

/** What both ends of a tunnel know of each other, taken together: undefined if that is nothing. */
const stateOf = ({ sights }: Mesh, [from, to]: readonly [string, string]): 'node' | 'lost' | undefined => {
  const both = [sights.get(sightKey(from, to)), sights.get(sightKey(to, from))];
  return both.includes('lost') ? 'lost' : both.find((sight) => sight === 'node');
};

const drawPicture = (mesh: Mesh): readonly (readonly Cell<Style>[])[] => {
  const canvas = new BrailleCanvas<Style>(picture.columns, picture.rows);
  const shown = tunnels.map((tunnel) => ({ tunnel, state: stateOf(mesh, tunnel) }));
  // What is lost comes last, so that nothing hides it.
  for (const kind of ['node', 'lost'] as const) {
    for (const { tunnel, state } of shown) {
      if (state !== kind) continue;
      const [from, to] = tunnel.map((name) => placeOf(cast.indexOf(name)));
      if (from && to)
        canvas.line([from.x + 0.5, from.y + 0.5], [to.x + 0.5, to.y + 0.5], kind, kind === 'lost' ? 3 : 1);
    }
  }
  cast.forEach((name, index) => {
    const at = mesh.peers.get(name);
    if (at === undefined) return;
    const { x, y, side } = placeOf(index);
    canvas.text([x, y], at === 'away' ? '○' : '●', at);
    if (Math.abs(side) < 0.3)
      canvas.text([x - Math.floor(name.length / 2), index < cast.length / 2 ? y - 1 : y + 1], name, at);
    else canvas.text([side > 0 ? x + 2 : x - 1 - name.length, y], name, at);
  });
  return canvas.rows();
};

const drawPanel = (mesh: Mesh): readonly (readonly [Style, string])[] => {
  const coordinator = (name: CoordinatorName): readonly [Style, string] => {
    const state = mesh.coordinators[name];
    const connected = [...mesh.peers.values()].filter((at) => at === name).length;
    const peers = state === 'live' ? `${String(connected).padStart(2)} ${connected === 1 ? 'peer' : 'peers'}` : '';
    return [state === 'killed' ? 'killed' : name, `${name}  ${state.padEnd(9)}${peers}`.trimEnd()];
  };
  const sights = (kind: 'node' | 'lost', sign: string, meaning: string): readonly [Style, string] => [
    kind,
    `${sign} ${kind.toUpperCase()} ${String(countSights(mesh, kind)).padStart(2)}  ${meaning}`,
  ];
  return [
    ['title', 'coordinators'],
    coordinator('north'),
    coordinator('south'),
    ['plain', ''],
    ['title', 'what peers were told'],
    sights('node', '───', 'use it'),
    sights('lost', '· ·', 'keep it'),
    ['plain', ''],
    ['away', '○ not connected'],
  ];
};

/** Neighbours of one style as one. */
const runsOf = (cells: readonly Cell<Style>[]): readonly Cell<Style>[] =>
  cells.reduce<readonly Cell<Style>[]>((runs, cell) => {
    const last = runs.at(-1);
    if (last === undefined || last.style !== cell.style) return [...runs, cell];
    return [...runs.slice(0, -1), { ...last, character: last.character + cell.character }];
  }, []);

/** Lines of so many characters at most, broken between words. */
const wrap = (text: string, width: number): readonly string[] =>
  text.split(' ').reduce<readonly string[]>((lines, word) => {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) return [...lines, word];
    return [...lines.slice(0, -1), `${last} ${word}`];
  }, []);

/** What the demo shows, as lines of `size.columns` characters at most, `size.rows` of them. */
export const drawMesh = (mesh: Mesh, { hasColours }: { readonly hasColours: boolean }): readonly string[] => {
  const paint = (style: Style | undefined, text: string): string =>
    hasColours && style !== undefined && style !== 'plain' && text !== ''
      ? styleText(colours[style], text, { validateStream: false })
      : text;
  const panel = drawPanel(mesh);
  const top = Math.floor((picture.rows - panel.length) / 2);
  const rows = drawPicture(mesh).map((cells, y) => {
    const drawn = runsOf(cells)
      .map(({ character, style }) => paint(style, character))
      .join('');
    const [style, text] = panel[y - top] ?? ['plain', ''];
    return `${drawn} ${paint(style, text)}`.trimEnd();
  });
  const captions = wrap(mesh.caption, size.columns - 2).map((line) => ` ${paint('title', line)}`.trimEnd());
  return Array.from({ length: size.rows }, (_row, y) => [...rows, '', ...captions][y] ?? '');
};
