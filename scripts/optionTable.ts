// Writes the table of the options of `serve` in docs/operations.md: names, variables, defaults and their order are those of
// the code. What an option means stands there already; one that is new gets the words of --help, to be made better.
import { readFileSync, writeFileSync } from 'node:fs';
import { Command, type Option } from 'commander';
import { format, resolveConfig } from 'prettier';
import { serveOptions } from '../src/cli/serveCommand.js';

const file = 'docs/operations.md';
const head = /^\| option +\| variable +\| default +\| meaning +\|\n\| -+ \| -+ \| -+ \| -+ \|\n/m;

/** `7351`, because that may also be a free port. */
const defaults: ReadonlyMap<string, string> = new Map([['--grpc-port', '`7351`']]);

const text = readFileSync(file, 'utf8');
const begin = head.exec(text);
if (begin === null) throw new Error(`${file} has no table of options`);
const start = begin.index + begin[0].length;
const end = text.indexOf('\n\n', start) + 1;

const meanings = new Map(
  text
    .slice(start, end)
    .split('\n')
    .flatMap((row) => {
      const [, flag, meaning] = /^\| `(--[\w-]+)[^|]*\|[^|]*\|[^|]*\| (.*?) *\|$/.exec(row) ?? [];
      return flag === undefined || meaning === undefined ? [] : [[flag, meaning] as const];
    }),
);

const defaultOf = ({ long, defaultValue, defaultValueDescription, required, optional }: Option): string => {
  const own = defaults.get(long ?? '');
  if (own !== undefined) return own;
  if (defaultValueDescription !== undefined) return `\`${defaultValueDescription}\``;
  if (!required && !optional) return 'off';
  return defaultValue === undefined ? 'none' : `\`${String(defaultValue)}\``;
};

const rows = serveOptions(new Command('serve')).options.map((option) => {
  const { flags, long = '', envVar = '', description } = option;
  const variable = long === '--database-url' ? 'TAILNET_DATABASE_URL' : envVar;
  return `| \`${flags}\` | \`${variable}\` | ${defaultOf(option)} | ${meanings.get(long) ?? description} |\n`;
});
const written = text.slice(0, start) + rows.join('') + text.slice(end);
writeFileSync(file, await format(written, { ...(await resolveConfig(file)), filepath: file }));
