/** What happens at one frame of a line: `a`, `(ab|)`, `^!`. */
export interface Cell {
  readonly frame: number;
  readonly text: string;
  /** The line ends here; nothing is drawn behind it. */
  readonly ends?: boolean;
}

/**
 * Draws lines under one another, so that the same frame stands in the same column on all of them. Wherever the
 * characters suffice this is marble syntax of `testScheduler.run()` that can be pasted into a test; where events follow
 * so close on a group that a diagram could not show it, blanks take the place of time.
 */
export const drawMarbles = (lines: readonly (readonly Cell[])[]): readonly string[] => {
  const frames = [...new Set(lines.flatMap((cells) => cells.map(({ frame }) => frame)))].sort((a, b) => a - b);
  const drawn = lines.map((cells) => ({
    byFrame: new Map(cells.map((cell) => [cell.frame, cell])),
    text: '',
    ended: false,
  }));
  let time = 0;

  frames.forEach((frame, index) => {
    const gap = passing(frame - time);
    for (const line of drawn) line.text += line.ended ? ' '.repeat(gap.length) : gap;

    const width = Math.max(...drawn.map(({ byFrame }) => byFrame.get(frame)?.text.length ?? 1));
    const room = (frames[index + 1] ?? Infinity) - frame;
    for (const line of drawn) {
      const cell = line.byFrame.get(frame);
      if (line.ended || cell?.ends) line.text += (cell?.text ?? '').padEnd(width);
      else line.text += (cell?.text ?? '-').padEnd(width, width <= room && Number.isFinite(room) ? '-' : ' ');
      line.ended ||= cell?.ends ?? false;
    }
    time = frame + Math.min(width, room);
  });
  return drawn.map(({ text }) => text.trimEnd());
};

/** Frames without events: dashes while they are few, a duration otherwise. */
const passing = (frames: number): string => {
  if (frames <= 12) return '-'.repeat(Math.max(0, frames));
  if (frames % 60_000 === 0) return ` ${String(frames / 60_000)}m `;
  if (frames % 1000 === 0) return ` ${String(frames / 1000)}s `;
  return ` ${String(frames)}ms `;
};
