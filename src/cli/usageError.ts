/** What is wrong with the command line: one line, and exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
