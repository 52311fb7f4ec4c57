import pg from 'pg';
import { MigrationError } from '../db/migrate.js';
import { isPasswordMissing } from './isPasswordMissing.js';

/**
 * SQLSTATE classes of what passes, or what an operator restores without us: connections, passwords, a missing database,
 * conflicts, resources, locks, an operator at work, the system.
 */
const transientClasses: readonly string[] = ['08', '28', '3D', '40', '53', '55', '57', '58'];

/** Whether a migration that failed like this may succeed later, without anybody changing the tables. */
export function isTransient(error: unknown): boolean {
  const cause = error instanceof MigrationError ? error.cause : error;
  if (cause instanceof pg.DatabaseError) return transientClasses.includes(cause.code?.slice(0, 2) ?? '');
  // Nobody restores that: the URL stays what it is.
  if (isPasswordMissing(cause)) return false;
  // A migration error without a cause judges what was found. Anything else is a connection that was not made or broke.
  return cause !== undefined;
}
