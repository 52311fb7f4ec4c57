/** What is wrong with the command line, the environment or a file of options: a line for each mistake, and exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
