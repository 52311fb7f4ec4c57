import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { checkDatabaseUrl, databaseUrlOption, idleDataDir } from './databaseUrl.js';
import { option } from './environment.js';
import type { Output } from './output.js';
import { paint, wantsColours } from './paint.js';
import type { Status } from './readStatus.js';
import { statusText, type Screen } from './statusText.js';
import { watchStatus } from './watchStatus.js';

interface StatusOptions {
  readonly databaseUrl?: string;
  readonly dataDir: string;
  readonly json?: boolean;
  readonly watch?: boolean;
}

/** Milliseconds from one look to the next. */
const watchPeriod = 2000;

function forPeople(status: Status, screen?: Screen): string {
  const text = statusText(status, screen);
  return wantsColours() ? paint(text) : text;
}

/** `status`: shows what the tables hold. */
export function statusCommand(output: Output): Command {
  return new Command('status')
    .description('Show coordinators, peers and tunnels.')
    .addOption(databaseUrlOption())
    .addOption(option('--data-dir <dir>', 'where the embedded database is').default('.tailnet'))
    .addOption(option('--json', 'print JSON; with --watch, one object a line'))
    .addOption(option('--watch', 'show it again every two seconds, until Ctrl-C'))
    .action(async (options: StatusOptions, command: Command) => {
      if (options.databaseUrl !== undefined) checkDatabaseUrl(options.databaseUrl);
      const idle = idleDataDir(command);
      if (idle !== undefined) output.error(`warning: ${idle}\n`);
      const [{ commandDatabase }, { createLogger }, { readStatus }] = await Promise.all([
        import('./commandDatabase.js'),
        import('./createLogger.js'),
        import('./readStatus.js'),
      ]);
      await using database = await commandDatabase(options, await createLogger('warn'), false);
      const { json = false, watch = false } = options;
      if (!watch) {
        const status = await readStatus(database.url);
        output.out(`${json ? JSON.stringify(status, undefined, 2) : forPeople(status)}\n`);
        return;
      }
      const interrupted = new AbortController();
      const interrupt = () => interrupted.abort();
      process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
      const isScreen = process.stdout.isTTY && process.env['TERM'] !== 'dumb';
      const clear = '\u001b[H\u001b[2J';
      const watching = {
        read: () => readStatus(database.url),
        show: (status: Status) => {
          if (json) output.out(`${JSON.stringify(status)}\n`);
          else output.out(isScreen ? `${clear}${forPeople(status, process.stdout)}\n` : `${forPeople(status)}\n\n`);
        },
        fail: (message: string) => {
          if (isScreen && !json) output.out(clear);
          output.error(`${message}; trying again\n`);
        },
        wait: (signal: AbortSignal) => delay(watchPeriod, undefined, { signal }).catch(() => {}),
      };
      try {
        await watchStatus(watching, interrupted.signal);
      } finally {
        process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
      }
    });
}
