import { CommandError } from './commandError.js';

/** The codes of errors that another port would not help against. */
const ofHost: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EADDRNOTAVAIL', 'EINVAL', 'EAFNOSUPPORT']);

/** What to say of an error of listening at a port, if it is one of the system; otherwise that error itself. */
export function listenError(error: unknown, host: string, port: number, advice = ''): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  const isOfHost = 'code' in error && ofHost.has(error.code);
  const more = isOfHost ? '; choose another with --host' : advice;
  return new CommandError(`cannot listen on ${host}, port ${port}: ${error.message}${more}`, { cause: error });
}
