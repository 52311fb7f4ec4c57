/** Why a database was not migrated. The message says what was found; `cause` is what the database, or the way there, said. */
export class MigrationError extends Error {
  /** `MigrationError`. */
  override readonly name = 'MigrationError';
}
