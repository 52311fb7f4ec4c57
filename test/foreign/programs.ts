// Says which programs are missing that the tests in this folder need, and fails if any is.
import { chromiumPath } from './chromium.js';
import { foreignPrograms, programPath } from './programPath.js';
import { pythonPath } from './python.js';

for (const find of [chromiumPath, pythonPath, ...foreignPrograms.map((name) => () => programPath(name))]) {
  try {
    find();
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
