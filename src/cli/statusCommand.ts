import { Command } from 'commander';
import { commandDatabase } from './commandDatabase.js';
import { createLogger } from './createLogger.js';
import { checkDatabaseUrl, databaseUrlOption } from './databaseUrl.js';
import { option } from './environment.js';
import type { Output } from './output.js';
import { readStatus } from './readStatus.js';
import { statusText } from './statusText.js';

interface StatusOptions {
  readonly databaseUrl?: string;
  readonly dataDir: string;
  readonly json?: boolean;
}

/** `status`: shows what the tables hold. */
export function statusCommand(output: Output): Command {
  return new Command('status')
    .description('Show coordinators, peers and tunnels.')
    .addOption(databaseUrlOption())
    .addOption(option('--data-dir <dir>', 'where the embedded database is').default('.tailnet'))
    .addOption(option('--json', 'print JSON'))
    .action(async (options: StatusOptions) => {
      if (options.databaseUrl !== undefined) checkDatabaseUrl(options.databaseUrl);
      await using database = await commandDatabase(options, createLogger('warn'), false);
      const status = await readStatus(database.url);
      output.out(`${options.json === true ? JSON.stringify(status, undefined, 2) : statusText(status)}\n`);
    });
}
