/** The command line, or the machine, is not as it must be: one clear line, and exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
