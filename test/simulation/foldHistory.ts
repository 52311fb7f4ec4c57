/** Something that happened in a simulation. */
export interface Happening {
  /** Milliseconds since the beginning. */
  readonly at: number;
  readonly text: string;
  /** Whether it is something that must not be. */
  readonly isWrong?: boolean;
}

/** A kind of happenings that are told in one line when they come one after the other. */
interface Fold {
  readonly pattern: RegExp;
  /** What must be the same; the first group of the pattern unless it is said. */
  readonly key: (match: RegExpExecArray, at: number) => string;
  readonly text: (matches: readonly RegExpExecArray[]) => string;
}

const told = /^ {2}peer (\d+) is told of peer (\d+): (.*)$/;

const folds: readonly Fold[] = [
  {
    // With every coordinator that comes all others log it: no line of a history is about that.
    pattern: /^(c\d+) logs: (live coordinators changed|health changed)$/,
    key: () => 'logs',
    text: (matches) => {
      const texts = [...new Set(matches.map(([, , text = '']) => text))];
      const places = (text: string) => matches.flatMap(([, place = '', logged]) => (logged === text ? [place] : []));
      return `logs: ${texts.map((text) => `${text} (${counted(places(text))})`).join(', ')}`;
    },
  },
  {
    pattern: /^ {2}the tunnel of peer (\d+) to (\d+): (.*)$/,
    key: ([, src = ''], at) => `${at} ${src}`,
    text: (matches) =>
      `  the tunnels of peer ${matches[0]?.[1]}: ${matches.map(([, , dst, rows]) => `to ${dst}: ${rows}`).join('; ')}`,
  },
  {
    pattern: told,
    key: ([, viewer = ''], at) => `${at} ${viewer}`,
    text: (matches) =>
      `  peer ${matches[0]?.[1]} is told ${matches.map(([, , of, what]) => `of peer ${of}: ${what}`).join('; ')}`,
  },
  {
    pattern: told,
    key: ([, , of = '', what = ''], at) => `${at} ${of} ${what}`,
    text: (matches) => {
      const [, , of, what] = matches[0] ?? [];
      return `  peers ${matches.map(([, viewer]) => viewer).join(', ')} are told of peer ${of}: ${what}`;
    },
  },
];

/** A history with fewer lines, in which nothing is missing: what comes together and is alike is told together. */
export const foldHistory = (history: readonly Happening[]): readonly Happening[] =>
  folds.reduce((happenings, fold) => foldOnce(happenings, fold), history);

const foldOnce = (happenings: readonly Happening[], { pattern, key, text }: Fold): readonly Happening[] => {
  const folded: Happening[] = [];
  let together: RegExpExecArray[] = [];
  let last: string | undefined;
  for (const happening of happenings) {
    const match = pattern.exec(happening.text);
    const same = match === null ? undefined : key(match, happening.at);
    if (match === null || same !== last) {
      together = [];
      folded.push(happening);
    }
    last = same;
    if (match === null) continue;
    together.push(match);
    const { at } = folded.at(-1) ?? happening;
    if (together.length > 1) folded[folded.length - 1] = { at, text: text(together) };
  }
  return folded;
};

/** Names, each once, and how often if that is more than once. */
const counted = (names: readonly string[]): string =>
  [...new Set(names)]
    .sort()
    .map((name) => {
      const times = names.filter((other) => other === name).length;
      return times === 1 ? name : `${name} ${times} times`;
    })
    .join(', ');
