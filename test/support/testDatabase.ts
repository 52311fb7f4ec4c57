import { randomBytes } from 'node:crypto';
import { query } from './query.js';
import { testServer } from './testServer.js';

/** A database of one test alone. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  /** Removes it, breaking the connections to it. Needed at the end of each test; `await using` does it. */
  drop(): Promise<void>;
}

/** A fresh database with nothing in it, on the {@link testServer}. */
export function testDatabase(): Promise<TestDatabase> {
  return createDatabase('template1');
}

/** A fresh database with our tables: a copy of one that is migrated once per process. About 50 ms. */
export async function migratedDatabase(): Promise<TestDatabase> {
  const { url } = await testServer();
  return createDatabase(nameOf(await (templates.get(url) ?? makeTemplate(url))));
}

/** By server, because a server may be stopped and another started. */
const templates = new Map<string, Promise<string>>();

/** Drops what the databases were copied from; called at the end of a test run. */
export async function dropTemplates(): Promise<void> {
  const made = [...templates];
  templates.clear();
  for (const [serverUrl, template] of made) {
    const url = await template.catch(() => undefined);
    if (url !== undefined) await query(serverUrl, `drop database if exists ${nameOf(url)} with (force)`);
  }
}

function makeTemplate(serverUrl: string): Promise<string> {
  const template = (async () => {
    const { migrate } = await import('../../src/db/migrate.js');
    const { url } = await testDatabase();
    await migrate(url);
    return url;
  })();
  templates.set(serverUrl, template);
  return template;
}

/** PostgreSQL cannot copy a database twice at a time: one after the other. */
let previous: Promise<unknown> = Promise.resolve();

async function createDatabase(template: string): Promise<TestDatabase> {
  const server = await testServer();
  const name = `tailnet_test_${randomBytes(8).toString('hex')}`;
  const created = previous.then(() => query(server.url, `create database ${name} template ${template}`));
  previous = created.catch(() => {});
  await created;
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  const drop = async () => {
    await query(server.url, `drop database if exists ${name} with (force)`);
  };
  return { url: url.href, drop, [Symbol.asyncDispose]: drop };
}

function nameOf(url: string): string {
  return new URL(url).pathname.slice(1);
}
