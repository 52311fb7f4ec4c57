// npm run demo:wireguard: three hosts, two coordinators, one PostgreSQL, and real WireGuard between them. README.md
// says more.
import { createFactLog } from './demo/factLog.js';
import { playDemo } from './demo/playDemo.js';
import { missingRequirements, thisMachine } from './demo/requirements.js';
import { createShow } from './demo/show.js';

const main = async (): Promise<number> => {
  const missing = missingRequirements(thisMachine());
  if (missing !== undefined) {
    console.error(`The WireGuard demo is not run: ${missing}.`);
    return 1;
  }
  using show = createShow({
    isTerminal: process.stdout.isTTY,
    columns: process.stdout.columns || 100,
    write: (text) => void process.stdout.write(text),
  });
  const log = createFactLog((fact) => show.tell(fact));
  let exitCode = 1;
  // Whoever read it has gone, as `head` does. There is still something to clean up.
  process.stdout.on('error', () => log.fail(new Error('nobody reads any more')));
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    // The first one ends the story; what is left to do then is to clean up, which is not to be interrupted.
    process.on(signal, () => {
      exitCode = code;
      log.fail(new Error(`interrupted by ${signal}`));
    });
  }
  try {
    await playDemo(log);
    log.tell({ kind: 'step', text: 'All of it held.' });
    return 0;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.tell({ kind: 'step', text: `Failed: ${reason}` });
    return exitCode;
  }
};

process.exitCode = await main();
// Signal handlers keep no process alive.
