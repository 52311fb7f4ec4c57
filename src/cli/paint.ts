import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** The words of our tables and lines that have a colour, and which. */
const styles: ReadonlyMap<string, Style> = new Map<string, Style>([
  ...(['live', 'ok', 'NODE'] as const).map((word) => [word, 'green'] as const),
  ...(['lost', 'LOST'] as const).map((word) => [word, 'yellow'] as const),
  ...(['silent', 'DISCONNECTED'] as const).map((word) => [word, 'red'] as const),
  ['READY_FOR_HANDSHAKE', 'cyan'],
]);

const titles = /^[A-Z]+( +[A-Z]+)+( *…)?$/;
const words = new RegExp(`(?<= )(${[...styles.keys()].join('|')})(?=\\s|$)`, 'g');

/** Whether colours are wanted: on a terminal, unless `NO_COLOR` says otherwise (no-color.org). */
export function wantsColours(isTerminal = process.stdout.isTTY, environment = process.env): boolean {
  return isTerminal && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';
}

/** Text for a terminal: the titles of tables are bold, and what something is has its colour. */
export function paint(text: string): string {
  const painted = (line: string) =>
    titles.test(line)
      ? styled('bold', line)
      : line.replaceAll(words, (word) => styled(styles.get(word) ?? 'reset', word));
  return text.split('\n').map(painted).join('\n');
}

function styled(style: Style, text: string): string {
  // Whether there is a terminal was asked before.
  return styleText(style, text, { validateStream: false });
}
