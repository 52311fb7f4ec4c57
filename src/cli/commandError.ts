/** Why a command cannot go on, in words for the person who started it: printed as it is, and exit code 1. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
}
