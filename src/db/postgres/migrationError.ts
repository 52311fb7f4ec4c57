/** Why a database was not migrated. The message says what was found and what to do; nothing was changed. */
export class MigrationError extends Error {
  /** `MigrationError`. */
  override readonly name = 'MigrationError';
}
