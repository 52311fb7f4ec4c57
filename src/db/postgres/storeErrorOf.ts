import { StoreError } from '../store.js';

/**
 * What an error of `pg`, or of the network below it, means to whoever called the store. See `StoreErrorReason`.
 *
 * The message is short and free of secrets: the server's or the network's own sentence, and the SQLSTATE. The original
 * error is the `cause`.
 */
export function storeErrorOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const code = codeOf(error);
  const sentence = sentenceOf(error);
  const hint = sentence.startsWith('unsupported startup parameter') ? poolerHint : (hints[code ?? ''] ?? '');
  const message = `${sentence}${code === undefined ? '' : ` (${code})`}${hint}`;
  return new StoreError(reasonOf(code), message, { cause: error });
}

function reasonOf(code: string | undefined): StoreError['reason'] {
  if (code === undefined || !isSqlState(code)) return 'unavailable';
  if (code === FOREIGN_KEY_VIOLATION) return 'missing-coordinator';
  // A full NOTIFY queue has the same code as some limits that a statement may break for ever. None of those can be
  // broken by rows as small as ours, so this one passes.
  if (code === PROGRAM_LIMIT_EXCEEDED) return 'unavailable';
  return REFUSED_CLASSES.has(code.slice(0, 2)) ? 'refused' : 'unavailable';
}

/** The foreign keys of all our tables point to the coordinators, so one that is violated has only one meaning. */
const FOREIGN_KEY_VIOLATION = '23503';
const PROGRAM_LIMIT_EXCEEDED = '54000';

/** The same row twice, data exceptions, integrity violations, limits of the statement itself. */
const REFUSED_CLASSES: ReadonlySet<string> = new Set(['21', '22', '23', '54']);

const hints: Readonly<Record<string, string>> = {
  '42P01': '; run `tailnet-coordinator migrate`',
  '42703': '; run `tailnet-coordinator migrate`',
  '42704': '; run `tailnet-coordinator migrate`',
  '42501': '; run `tailnet-coordinator migrate --grant ROLE` for the role that connects',
  // Its sentence may be "could not access status of transaction 0", when it is the queue of NOTIFY that cannot grow.
  '53100': '; the disk of the database is full',
  '25006': '; this server takes no writes: it is a replica, or was made read-only',
};

/** So PgBouncer says it. */
const poolerHint = '; this leads to a pooler: give the URL of the server itself, for listening, as well';

/** Five characters with a digit among them, unlike `EPIPE`. */
function isSqlState(code: string): boolean {
  return /^(?=.*\d)[0-9A-Z]{5}$/.test(code);
}

function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

/** A host with several addresses fails with an `AggregateError` that has no message of its own. */
function sentenceOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return sentenceOf(error.errors[0]);
  return error instanceof Error && error.message !== '' ? error.message : 'the database cannot be reached';
}
