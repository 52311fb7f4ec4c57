import { readFile } from 'node:fs/promises';
import { type YAMLError, parseDocument } from 'yaml';
import { errorText } from '../errorText.js';
import { UsageError } from '../usageError.js';

/** What a file says of options: by their names without dashes, `max-tunnels`. */
export type Config = Readonly<Record<string, unknown>>;

/**
 * As it stands there, for what a value means is the option's to say: `1.10` is no number here. A list is for an option that
 * takes several.
 */
export type ConfigValue = string | readonly string[];

/**
 * Reads a file in YAML, or in JSON, which is YAML as well.
 *
 * @throws UsageError when it cannot be read, and those of `configOf`
 */
export async function readConfigFile(file: string): Promise<Config> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`cannot read a file of options: ${errorText(cause)}`, { cause });
  });
  return configOf(text, file);
}

/**
 * What a text in YAML says of options.
 *
 * @param file named in errors
 * @throws UsageError when it is something else than names and values
 */
export function configOf(text: string, file: string): Config {
  const content = contentOf(text, file);
  if (content === null || content === '') return {};
  if (typeof content !== 'object' || Array.isArray(content))
    throw new UsageError(`${file}: it is not "name: value" lines`);
  return content as Config;
}

function contentOf(text: string, file: string): unknown {
  const document = parseDocument(text, { schema: 'failsafe' });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw new UsageError(`${file}: ${problemText(problem)}`);
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    throw new UsageError(`${file}: ${errorText(cause)}`, { cause });
  }
}

/** One line, without the value, which may be a secret. */
function problemText({ code, message, linePos }: YAMLError): string {
  if (code === 'TAG_RESOLVE_FAILED')
    return `line ${String(linePos?.[0].line)}: a value that begins with "!" needs quotes`;
  // What follows the colon in further lines is the file itself.
  return (message.split('\n')[0] ?? '').replace(/:$/, '');
}
