import { CommandError } from './commandError.js';
import { withoutPassword } from './databaseUrl.js';
import { errorText } from './errorText.js';

/** Why a database was not migrated, which database it is included, and its password not. */
export function migrationFailure(error: unknown, databaseUrl: string): CommandError {
  // The other texts speak of what was found in the database; this one of a database that was not reached or broke off.
  const text = errorText(error).replace(/^cannot migrate: /, () => `cannot migrate ${withoutPassword(databaseUrl)}: `);
  return new CommandError(text, { cause: error });
}
