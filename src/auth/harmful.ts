/** Control characters, line ends, halves of characters, and what turns the direction of text. */
const harmful = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u;

const allHarmful = new RegExp(harmful, 'gu');

/** Whether a stranger's text has in it what must not get into a log, or onto a terminal. */
export function isHarmful(text: string): boolean {
  return harmful.test(text);
}

/** A text with all of that escaped, as JSON does it: `\u001b`. Within a text in JSON, it means the same as before. */
export function escapeHarmful(text: string): string {
  return text.replace(allHarmful, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
