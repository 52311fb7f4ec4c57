/** Stands where `pg` takes a user before no host, and `URL` does not. */
const nowhere = 'no-host.invalid';

/**
 * A URL of PostgreSQL as `pg` reads it, or undefined for what is none, or has a password that is not encoded. A user may
 * stand before no host, where the host is a parameter: `postgres://user:password@/name?host=/run/postgresql`.
 */
export const parsePostgresUrl = (text: string): URL | undefined => {
  if (!/^postgres(ql)?:\/\//i.test(text)) return undefined;
  const named = text.replace(/^([^/?#]*\/\/[^/?#]*@)(?=\/)/, (_, user: string) => `${user}${nowhere}`);
  const url = URL.canParse(named) ? new URL(named) : undefined;
  return url && isWhole(url) ? url : undefined;
};

/**
 * Whether nothing of a password has ended up elsewhere: one with a `/`, `?` or `#` in it, as it is, has its end, or all of
 * it, in the path, and what shows URLs without their passwords would show it.
 */
const isWhole = ({ pathname, search, hash }: URL): boolean => !`${pathname}${search}`.includes('@') && hash === '';

/** What to tell whoever gave something else. */
export const encodingHint = 'in a password, @ : / ? # % are written %40 %3A %2F %3F %23 %25';

/** What was read by `parsePostgresUrl`, as text again. */
export const postgresUrlText = ({ href }: URL): string => href.replace(nowhere, '');
