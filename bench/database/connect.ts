import pg from 'pg';

/** An open connection of the benchmark itself. One that breaks fails the statement that uses it. */
export const connect = async (url: string): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url, application_name: 'tailnet-coordinator bench' });
  client.on('error', () => undefined);
  await client.connect();
  return client;
};

/** The URL of another database on the same server. */
export const urlOfDatabase = (url: string, database: string): string => {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
};

/** The name of the database that a URL leads to; as in libpq, the user's name if it names none. */
export const databaseOf = (url: string): string => {
  const { pathname, username } = new URL(url);
  return decodeURIComponent(pathname.slice(1) || username);
};
