import { encodingHint, parsePostgresUrl } from './postgresUrl.js';

/**
 * Says at once what would otherwise be found out with every statement.
 *
 * @param name what it is called
 * @param others what it may be beside a URL
 * @throws TypeError `<name>: must be a URL like postgres://user:password@host:5432/name, <others>; in a password, …`
 */
export const checkConnection = (connection: unknown, name: string, others: string): void => {
  if (typeof connection === 'object' && connection !== null) return;
  // Besides URLs, pg takes paths of sockets.
  if (typeof connection === 'string') {
    if (/^(socket:|\/)/.test(connection)) return;
    if (parsePostgresUrl(connection) !== undefined) return;
  }
  throw new TypeError(
    `${name}: must be a URL like postgres://user:password@host:5432/name, ${others}; ${encodingHint}`,
  );
};
