import type { ObservableNotification } from 'rxjs';
import { describeValue } from './describeValue.js';
import { drawMarbles, type Cell } from './drawMarbles.js';
import { sameValue } from './sameValue.js';
import { symbols, type Symbols } from './symbols.js';

/** Something that a stream did, and when. */
export interface Happening {
  readonly frame: number;
  readonly notification: ObservableNotification<unknown>;
}

/** From when to when a stream was subscribed to. `Infinity` means that it still is. */
export interface SubscriptionTimes {
  readonly subscribedFrame: number;
  readonly unsubscribedFrame: number;
}

/**
 * How a stream differs from what a test expected: both as marbles, under one another, then what the letters stand for
 * where they differ. Nothing if they are the same.
 *
 * @param named the letters by which the test named its values
 */
export const streamDifference = (
  actual: readonly Happening[],
  expected: readonly Happening[],
  named?: Readonly<Record<string, unknown>>,
): string | undefined => {
  const differing = differingFrames(actual, expected);
  const first = differing[0];
  if (first === undefined) return undefined;
  const letters = symbols(named);
  // Expected first, so that its values get the first letters.
  const wanted = cellsOf(expected, letters);
  const got = cellsOf(actual, letters);
  return [
    ...labelled({ expected: [wanted], actual: [got] }),
    '',
    `  first difference at ${String(first)} ms`,
    ...legend(letters, differing, { expected, actual }),
  ].join('\n');
};

/** How subscriptions differ from what a test expected: all of them as marbles, under one another. */
export const subscriptionDifference = (
  actual: readonly SubscriptionTimes[],
  expected: readonly SubscriptionTimes[],
): string | undefined =>
  sameValue(actual.map(timesOf), expected.map(timesOf))
    ? undefined
    : labelled({ expected: expected.map(subscriptionCells), actual: actual.map(subscriptionCells) }).join('\n');

const timesOf = ({ subscribedFrame, unsubscribedFrame }: SubscriptionTimes) => [subscribedFrame, unsubscribedFrame];

const byFrame = (happenings: readonly Happening[]): ReadonlyMap<number, readonly Happening[]> => {
  const frames = new Map<number, Happening[]>();
  for (const happening of happenings) {
    const same = frames.get(happening.frame);
    if (same) same.push(happening);
    else frames.set(happening.frame, [happening]);
  }
  return frames;
};

const differingFrames = (actual: readonly Happening[], expected: readonly Happening[]): readonly number[] => {
  const [got, wanted] = [byFrame(actual), byFrame(expected)];
  return [...new Set([...got.keys(), ...wanted.keys()])]
    .filter((frame) => !sameValue(notificationsIn(got.get(frame)), notificationsIn(wanted.get(frame))))
    .sort((a, b) => a - b);
};

const notificationsIn = (happenings: readonly Happening[] | undefined) =>
  happenings?.map(({ notification }) => ({ ...notification }));

const cellsOf = (happenings: readonly Happening[], letters: Symbols): readonly Cell[] =>
  Array.from(byFrame(happenings), ([frame, group]) => {
    const text = group.map(({ notification }) => characterOf(notification, letters)).join('');
    return {
      frame,
      text: group.length > 1 ? `(${text})` : text,
      ends: group.some(({ notification }) => notification.kind !== 'N'),
    };
  });

const characterOf = (notification: ObservableNotification<unknown>, letters: Symbols): string => {
  if (notification.kind === 'C') return '|';
  return notification.kind === 'E' ? '#' : letters.of(notification.value);
};

const subscriptionCells = ({ subscribedFrame: from, unsubscribedFrame: to }: SubscriptionTimes): readonly Cell[] => {
  if (from === to) return [{ frame: from, text: '(^!)', ends: true }];
  const begin = { frame: from, text: '^' };
  return to === Infinity ? [begin] : [begin, { frame: to, text: '!', ends: true }];
};

const labelled = (groups: { expected: readonly (readonly Cell[])[]; actual: readonly (readonly Cell[])[] }) => {
  const count = groups.expected.length;
  const drawn = drawMarbles([...groups.expected, ...groups.actual]);
  return [
    ...withLabel('expected', drawn.slice(0, count), '(nothing)'),
    ...withLabel('actual', drawn.slice(count), '(nothing)'),
  ];
};

const withLabel = (label: string, lines: readonly string[], empty: string): readonly string[] =>
  (lines.length > 0 ? lines : [empty]).map((line) => `  ${label.padEnd(8)}  ${line || empty}`);

const legend = (
  letters: Symbols,
  differing: readonly number[],
  sides: Readonly<Record<'expected' | 'actual', readonly Happening[]>>,
): readonly string[] => {
  const frames = new Set(differing);
  const seen = (['expected', 'actual'] as const).flatMap((side) =>
    sides[side].filter(({ frame }) => frames.has(frame)).map(({ notification }) => ({ side, notification })),
  );
  const used = new Set(
    seen.flatMap(({ notification }) => (notification.kind === 'N' ? [letters.of(notification.value)] : [])),
  );
  const errors = seen.flatMap(({ side, notification }) =>
    notification.kind === 'E' ? [entry(`# ${side}`, notification.error)] : [],
  );
  const values = letters.legend().flatMap(([letter, value]) => (used.has(letter) ? [entry(letter, value)] : []));
  return [...values, ...errors];
};

const entry = (name: string, value: unknown): string =>
  `  ${name} = ${describeValue(value).replaceAll('\n', '\n      ')}`;
