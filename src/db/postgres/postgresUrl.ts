/** Stands where `pg` takes a user before no host, and `URL` does not. */
const nowhere = 'no-host.invalid';

/**
 * A URL of PostgreSQL as `pg` reads it, or undefined for what is none. A user may stand before no host, where the host is
 * a parameter: `postgres://user:password@/name?host=/run/postgresql`.
 */
export const parsePostgresUrl = (text: string): URL | undefined => {
  if (!/^postgres(ql)?:\/\//i.test(text)) return undefined;
  const named = text.replace(/^([^/?#]*\/\/[^/?#]*@)(?=\/)/, (_, user: string) => `${user}${nowhere}`);
  return URL.canParse(named) ? new URL(named) : undefined;
};

/** What was read by `parsePostgresUrl`, as text again. */
export const postgresUrlText = ({ href }: URL): string => href.replace(nowhere, '');
