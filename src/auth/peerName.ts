import { isHarmful } from './harmful.js';

/** Characters of the longest name. */
export const maxNameLength = 128;

/** Whether a stranger's text may be the name of a peer: 128 characters at most, and none that does harm in a log. */
export function isPeerName(text: string): boolean {
  return text.length <= maxNameLength && !isHarmful(text);
}
