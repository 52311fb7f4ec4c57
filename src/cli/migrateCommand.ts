import { Command } from 'commander';
import { checkDatabaseUrl, databaseUrlOption, idleDataDir } from './databaseUrl.js';
import { option } from './environment.js';
import type { MigrateResult } from '../db/migrate.js';
import type { Output } from './output.js';

interface MigrateOptions {
  readonly databaseUrl?: string;
  readonly dataDir: string;
  readonly grant?: string;
}

/** `migrate`: makes or updates the tables. */
export function migrateCommand(output: Output): Command {
  return new Command('migrate')
    .description('Create or update the tables. May run beside coordinators, and at several places at once.')
    .addOption(databaseUrlOption())
    .addOption(option('--data-dir <dir>', 'where the embedded database is').default('.tailnet'))
    .addOption(option('--grant <role>', 'also allow this role what a coordinator needs at run time'))
    .action(async (options: MigrateOptions, command: Command) => {
      if (options.databaseUrl !== undefined) checkDatabaseUrl(options.databaseUrl);
      const idle = idleDataDir(command);
      if (idle !== undefined) output.error(`warning: ${idle}\n`);
      const [{ commandDatabase }, { createLogger }, { migrate }, { migrationFailure }] = await Promise.all([
        import('./commandDatabase.js'),
        import('./createLogger.js'),
        import('../db/migrate.js'),
        import('./migrationFailure.js'),
      ]);
      const logger = await createLogger('warn');
      await using database = await commandDatabase(options, logger, true);
      const { grant } = options;
      const result = await migrate(database.url, { logger, ...(grant !== undefined && { grant }) }).catch(
        (error: unknown) => {
          throw migrationFailure(error, database.url);
        },
      );
      output.out(`${describe(result)}\n`);
      if (grant !== undefined) output.out(`the role "${grant}" may do what a coordinator needs at run time\n`);
    });
}

function describe({ status, applied }: MigrateResult): string {
  switch (status) {
    case 'migrated':
      return `migrated: ${applied.join(', ')}`;
    case 'adopted':
      return `adopted: the tables were there already, and are right${applied.length > 0 ? `; beside them: ${applied.join(', ')}` : ''}`;
    case 'current':
      return 'nothing to do: the tables are up to date';
    case 'verified':
      return 'nothing to do: the tables are right, and this role may not change them';
  }
}
