/**
 * Refuses a path at which nothing would ever be found.
 *
 * @param name what it is called
 * @throws TypeError `<name>: must begin with "/", got "coordinate"`
 */
export function checkPath(name: string, path: string): void {
  if (!path.startsWith('/')) throw new TypeError(`${name}: must begin with "/", got ${JSON.stringify(path)}`);
}
