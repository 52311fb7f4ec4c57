import { escapeHarmful } from '../auth/harmful.js';
import { withoutSecrets } from './withoutSecrets.js';

/**
 * A line of the log, in JSON, as it may be written: without secrets, and without anything that does harm on a terminal on
 * which somebody looks at it; it may quote strangers.
 *
 * @param isDecoded whether texts are decoded once more before somebody sees them: what is escaped stays so
 */
export function fitForLog(line: string, isDecoded: boolean): string {
  const escaped = escapeHarmful(withoutSecrets(line.trimEnd()));
  // What is escaped already, and is no break of a line, which is shown as one.
  return `${isDecoded ? escaped.replace(/(?<!\\)((?:\\\\)*)\\(?=u)/g, '$1\\\\') : escaped}\n`;
}
