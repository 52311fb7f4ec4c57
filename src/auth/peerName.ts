/** Characters of the longest name. */
export const maxNameLength = 128;

/** What must not get into a log, or onto a terminal: control characters, line ends, and what turns the direction of text. */
const harmful = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

/** Whether a stranger's text may be the name of a peer: 128 characters at most, and none that does harm in a log. */
export function isPeerName(text: string): boolean {
  return text.length <= maxNameLength && !harmful.test(text);
}
