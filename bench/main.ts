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

const run = async (line: CommandLine): Promise<void> => {
  const progress = createProgress(line.name);
  const ending: (() => Promise<void>)[] = [];
  // What the server was set to, and the server itself, must not stay behind; the last comes first.
  const end = async () => {
    for (let close = ending.pop(); close !== undefined; close = ending.pop()) await close();
  };
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => void end().finally(() => process.exit(code)));
  }
  try {
    if (line.command.kind === 'parts') {
      await runParts(line, line.command, progress);
      return;
    }
    const server = await benchServer(line.databaseUrl);
    ending.push(() => server.stop());
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
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message.trimEnd()}\n`);
  process.exitCode = 2;
}
