import { escapeHarmful } from '../auth/harmful.js';

/** What a stranger sent, in quotes and on one line, with nothing that does harm on a terminal, short enough for a message. */
export function quote(text: string): string {
  return escapeHarmful(JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text));
}
