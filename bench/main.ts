// npm run bench -- W1|…|W6|floor|sweep|… [options]: one line of JSON on stdout for a workload; --help says more.
import { type CommandLine, parseCommandLine } from './commandLine.js';
import { commands } from './commands.js';
import { benchServer } from './database/benchServer.js';
import { createProgress } from './progress.js';
import { runParts } from './runParts.js';
import { runSuite } from './suites/suiteRun.js';
import { usage } from './usage.js';
import { UsageError } from './usageError.js';
import { runWorkload } from './runWorkload.js';

/** Whether a signal ends this process: then nothing else that goes wrong is worth a word. */
const interruption = { hasHappened: false };

const run = async (line: CommandLine): Promise<void> => {
  const progress = createProgress(line.name);
  const ending: (() => Promise<void>)[] = [];
  let ended: Promise<void> | undefined;
  // What the server was set to, and the server itself, must not stay behind; the last comes first.
  const endAll = async () => {
    for (let close = ending.pop(); close !== undefined; close = ending.pop()) await close();
  };
  const end = () => (ended ??= endAll());
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      interruption.hasHappened = true;
      void end().finally(() => process.exit(code));
    });
  }
  try {
    if (line.command.kind === 'parts') {
      await runParts(line, line.command, progress);
      return;
    }
    const starting = benchServer(line.databaseUrl);
    // Also one that is not up yet when all is to end.
    ending.push(() =>
      starting.then(
        (server) => server.stop(),
        () => undefined,
      ),
    );
    const server = await starting;
    if (line.command.kind === 'suite') await runSuite(line, line.command, server.url, progress, ending);
    else await runWorkload(line, line.command, server.url, progress, ending);
  } finally {
    progress.end();
    await end();
  }
};

try {
  const line = parseCommandLine(process.argv.slice(2), commands, process.env);
  if (line === undefined) process.stdout.write(usage(commands));
  else await run(line);
} catch (error) {
  const isKnown = error instanceof UsageError || (error instanceof Error && error.name === 'MigrationError');
  if (!isKnown && !interruption.hasHappened) throw error;
  if (isKnown) process.stderr.write(`${error.message.trimEnd()}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
