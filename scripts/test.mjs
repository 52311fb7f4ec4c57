// npm test: all tests, in two processes of mocha side by side, because many of them mostly wait. Those of one process run
// one after the other, each with databases of its own. Arguments go to both: npm test -- --grep tunneler
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

const all = 'test/**/*.test.ts';
/** The core, what stands beside it on its database, and WireGuard: about as long as all the others. */
const half = 'test/{conformance,db,faults,interop,processes,random,simulation,storms,streams,wireguard}/**/*.test.ts';

const mocha = (options, stdout) =>
  spawn('npx', ['mocha', ...process.argv.slice(2), ...options], { stdio: ['inherit', stdout, stdout] });

const beside = mocha([half], 'pipe');
const output = Promise.all([text(beside.stdout), text(beside.stderr)]);
const [[code], [codeBeside]] = await Promise.all([
  once(mocha([all, '--ignore', half], 'inherit'), 'exit'),
  once(beside, 'exit'),
]);
process.stdout.write((await output).join(''));
if (code !== 0) console.error(`tests failed outside of ${half}`);
if (codeBeside !== 0) console.error(`tests failed in ${half}`);
process.exitCode = code === 0 && codeBeside === 0 ? 0 : 1;
