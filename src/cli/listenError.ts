import { CommandError } from './commandError.js';

/** What to say of an error of listening at a port, if it is one of the system; otherwise that error itself. */
export function listenError(error: unknown, host: string, port: number, advice = ''): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  return new CommandError(`cannot listen on ${host}, port ${port}: ${error.message}${advice}`, { cause: error });
}
