import { createCipheriv, createDecipheriv, hash, randomFillSync, timingSafeEqual } from 'node:crypto';
import type { Logger } from 'pino';
import {
  type Observable,
  type SchedulerLike,
  asyncScheduler,
  defer,
  ignoreElements,
  of,
  retry,
  switchMap,
  tap,
  timer,
} from 'rxjs';
import type { Run } from './runStatement.js';

/**
 * Keeps the hints that hold rows among those who may read the tables: whoever may connect to a database may notify and
 * listen in it. A hint that only says what has changed needs no such thing; one that holds rows tells what is in them, and
 * is believed.
 *
 * As it is sent: `seal,plain,hidden`, the seal over all that follows. By AES-256 in counter mode the rows are hidden,
 * behind a random start, and by two SHA-256 all is sealed, in SQL: only the database knows the time, which is in `plain`.
 */
export interface HintSeal {
  /** The rows, hidden, with the secret for {@link sealed}; undefined while that cannot be. */
  hide(rows: Uint8Array): { readonly hidden: string; readonly secret: Buffer } | undefined;
  /** What is sent, in its parts; undefined if it has none, or while the secret is not known. */
  read(payload: string): SealedMessage | undefined;
  /** Whether the secret is known. */
  readonly isLearnt: boolean;
  /** Reads the secret, again and again until that is done or there is none; then completes. */
  readonly learn$: Observable<never>;
}

/** What was sent. */
export interface SealedMessage {
  /** What everybody may read; nobody answers for it until the rest was opened. */
  readonly plain: string;
  /** The rows; undefined if the seal is not right. Nothing is computed before. */
  open(): Uint8Array | undefined;
}

export interface HintSealOptions {
  /** Where waiting happens. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
  /** Silent by default. */
  readonly logger?: Pick<Logger, 'info'> | undefined;
}

/** Milliseconds until the secret is asked for again after that failed. */
const RETRY_AFTER = 2000;

const digest = (...parts: readonly Buffer[]): Buffer => hash('sha256', Buffer.concat(parts), 'buffer');

/** Hash of the secret and the hash of the secret and the text: two, so that nobody can lengthen a text under its seal. */
export const sealOf = (secret: Buffer, text: string): Buffer => digest(secret, digest(secret, Buffer.from(text)));

/** {@link sealOf} in SQL: of `text`, in hex before it, with a comma between. */
export const sealed = (secret: string, text: string): string =>
  `encode(sha256(${secret}::bytea || sha256(${secret}::bytea || convert_to(${text}, 'UTF8'))), 'hex') || ',' || ${text}`;

const sealLength = 64;

/** One for each purpose. */
interface Secrets {
  readonly forSeal: Buffer;
  readonly forCipher: Buffer;
}

export const secretsFrom = (secret: Buffer): Secrets => ({
  forSeal: digest(Buffer.from('seal'), secret),
  forCipher: digest(Buffer.from('cipher'), secret),
});

const startLength = 16;

/** Random starts that were drawn and not used yet: to draw them one by one takes longer than to encrypt. */
const starts = Buffer.alloc(256 * startLength);
let nextStart = starts.length;

function newStart(): Buffer {
  if (nextStart === starts.length) {
    randomFillSync(starts);
    nextStart = 0;
  }
  return starts.subarray(nextStart, (nextStart += startLength));
}

// In counter mode nothing is left for `final()`.
export function hidden({ forCipher }: Secrets, rows: Uint8Array): string {
  const start = newStart();
  const encrypted = createCipheriv('aes-256-ctr', forCipher, start).update(rows);
  return Buffer.concat([start, encrypted]).toString('base64');
}

function shown({ forCipher }: Secrets, text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length < startLength) return undefined;
  const decipher = createDecipheriv('aes-256-ctr', forCipher, bytes.subarray(0, startLength));
  return decipher.update(bytes.subarray(startLength));
}

function open(secrets: Secrets, payload: string): Buffer | undefined {
  const seal = Buffer.from(payload.slice(0, sealLength), 'hex');
  const expected = sealOf(secrets.forSeal, payload.slice(sealLength + 1));
  const isRight = seal.length === expected.length && timingSafeEqual(seal, expected);
  return isRight ? shown(secrets, payload.slice(payload.lastIndexOf(',') + 1)) : undefined;
}

/** The secret stands in a table of its own, which a role may read that was granted what a coordinator needs. */
export function hintSeal(run: Run, { scheduler = asyncScheduler, logger }: HintSealOptions = {}): HintSeal {
  let secrets: Secrets | undefined;
  return {
    get isLearnt() {
      return secrets !== undefined;
    },
    hide: (rows) => secrets && { hidden: hidden(secrets, rows), secret: secrets.forSeal },
    read: (payload) => {
      const known = secrets;
      const end = payload.lastIndexOf(',');
      if (known === undefined || payload[sealLength] !== ',' || end === sealLength) return undefined;
      return { plain: payload.slice(sealLength + 1, end), open: () => open(known, payload) };
    },
    learn$: defer(() =>
      run(mayRead, [], (rows: readonly { readonly may: boolean | null }[]) => rows[0]?.may === true),
    ).pipe(
      switchMap((may) => {
        if (may) return run(select, [], (rows: readonly { readonly secret: Buffer }[]) => rows[0]?.secret);
        logger?.info(
          'hints hold no rows: this role may not read tailnet_coordinator_secret, or the owner of the tables has not made it',
        );
        return of(undefined);
      }),
      tap((found) => {
        secrets = found && secretsFrom(found);
      }),
      retry({
        delay: (err, count) => {
          if (count === 1) logger?.info({ err }, 'the secret of hints cannot be read; trying again');
          return timer(RETRY_AFTER, scheduler);
        },
      }),
      ignoreElements(),
    ),
  };
}

/**
 * Only one that the owner of the tables has made, or this role, or who may do everything: where the table is missing, and
 * others may create tables in that schema, one of theirs must not be believed.
 */
const mayRead = {
  text: `
    SELECT has_table_privilege(secret.oid, 'SELECT') AS may
    FROM pg_catalog.pg_class AS secret
    JOIN pg_catalog.pg_roles AS owner ON owner.oid = secret.relowner
    JOIN pg_catalog.pg_class AS peers ON peers.oid = to_regclass('tailnet_peers')
    WHERE secret.oid = to_regclass('tailnet_coordinator_secret')
      AND (owner.oid = peers.relowner OR owner.rolname = current_user OR owner.rolsuper)`,
};
const select = { text: 'SELECT secret FROM tailnet_coordinator_secret' };
