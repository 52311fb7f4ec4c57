// The database of the demo: an embedded PostgreSQL that keeps its data in the folder it is given, until SIGTERM. Prints
// its URL.
import { once } from 'node:events';

/** Of the package what `serve` uses when it is given no database. It is nobody's API. */
interface EmbeddedPostgres {
  readonly startEmbeddedPostgres: (options: { readonly dataDir: string; readonly durable: boolean }) => Promise<Server>;
}

interface Server {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

const file = 'dist/cli/embeddedPostgres/startEmbeddedPostgres.js';
const module = new URL(file, import.meta.resolve('tailnet-coordinator/package.json'));
const { startEmbeddedPostgres } = (await import(module.href)) as EmbeddedPostgres;

const [dataDir = ''] = process.argv.slice(2);
const asked = once(process, 'SIGTERM');
const database = await startEmbeddedPostgres({ dataDir, durable: false });
console.log(database.url);
// A signal alone keeps no process alive.
const alive = setInterval(() => {}, 60_000);
await asked;
clearInterval(alive);
await database.stop();
