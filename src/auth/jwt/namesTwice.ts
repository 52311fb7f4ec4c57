/** A string, with the colon behind it if it is a name; or where something begins or ends that holds others. */
const piece = /("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]/g;

/**
 * Whether the object that a JSON text holds gives one of its own names two values. Readers differ in which they take, and
 * `JSON.parse` does not say that there were two. The text must be JSON.
 */
export function namesTwice(json: string): boolean {
  const names = new Set<unknown>();
  let depth = 0;
  for (const [text, string, colon] of json.matchAll(piece)) {
    if (string === undefined) depth += text === '{' || text === '[' ? 1 : -1;
    if (depth !== 1 || string === undefined || colon === undefined) continue;
    const name: unknown = JSON.parse(string);
    if (names.has(name)) return true;
    names.add(name);
  }
  return false;
}
