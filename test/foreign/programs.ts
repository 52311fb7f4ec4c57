// Says which programs are missing that the tests in this folder need, and fails if any is.
import { chromiumPath } from './chromium.js';
import { natsServerPath } from './natsServer.js';
import { pgbouncerPath } from './pgbouncer.js';
import { promtoolPath } from './promtool.js';
import { pythonPath } from './python.js';

for (const find of [chromiumPath, natsServerPath, pgbouncerPath, promtoolPath, pythonPath]) {
  try {
    find();
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
