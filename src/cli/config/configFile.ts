import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { errorText } from '../errorText.js';
import { UsageError } from '../usageError.js';

/** What a file says of options: by their names without dashes, `max-tunnels`. */
export type Config = Readonly<Record<string, ConfigValue>>;

/** A list stands for an option that takes several values. */
export type ConfigValue = Scalar | readonly Scalar[];

type Scalar = string | number | boolean;

/**
 * Reads a file in YAML, or in JSON, which is YAML as well.
 *
 * @throws UsageError when it cannot be read, and those of `configOf`
 */
export async function readConfigFile(file: string): Promise<Config> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`option '--config': ${errorText(cause)}`, { cause });
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
  if (content === null) return {};
  if (typeof content !== 'object' || Array.isArray(content))
    throw new UsageError(`${file}: it is not "name: value" lines`);
  for (const [name, value] of Object.entries(content)) {
    if (!isValue(value))
      throw new UsageError(`${file}: ${name}: it is a text, a number, true, false, or a list of them`);
  }
  return content as Config;
}

function contentOf(text: string, file: string): unknown {
  const document = parseDocument(text);
  const [problem] = [...document.errors, ...document.warnings];
  if (problem) throw new UsageError(`${file}: ${problem.message.split('\n')[0] ?? ''}`);
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    throw new UsageError(`${file}: ${errorText(cause)}`, { cause });
  }
}

function isValue(value: unknown): value is ConfigValue {
  return isScalar(value) || (Array.isArray(value) && value.every(isScalar));
}

function isScalar(value: unknown): value is Scalar {
  return ['string', 'number', 'boolean'].includes(typeof value);
}
