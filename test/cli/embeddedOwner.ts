import { startEmbeddedPostgres } from '../../src/cli/embeddedPostgres/startEmbeddedPostgres.js';

// A process that owns an embedded server, for tests that end it in bad ways: the second word says how.
const [dataDir = '', end] = process.argv.slice(2);
const { url, pid } = await startEmbeddedPostgres({ dataDir, durable: false });
console.log(JSON.stringify({ url, pid }));
if (end === 'throw') throw new Error('thrown on purpose');
if (end === 'exit') process.exit(3);
setInterval(() => {}, 1000);
