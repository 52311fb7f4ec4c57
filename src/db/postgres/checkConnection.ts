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
  refuse(name, others);
};

/**
 * The same for what a pool is to be made of. Not a pool, a client or a `URL`: of these `pg` would read nothing, and connect
 * to what is there by default.
 *
 * @throws TypeError as `checkConnection`
 */
export const checkConfiguration = (configuration: unknown, name: string, others: string): void => {
  checkConnection(configuration, name, others);
  if (typeof configuration !== 'object' || configuration === null) return;
  const isOther = ['connect', 'query', 'href'].some((member) => member in configuration);
  if (isOther || Array.isArray(configuration)) refuse(name, others);
};

const refuse = (name: string, others: string): never => {
  throw new TypeError(
    `${name}: must be a URL like postgres://user:password@host:5432/name, ${others}; ${encodingHint}`,
  );
};
