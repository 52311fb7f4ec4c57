import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from 'node:crypto';
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
 * As it is sent: `seal,updated_at,hidden`, the seal over all that follows. By AES-256 in counter mode the rest is hidden,
 * behind a random start, and by two SHA-256 sealed, in SQL: only the database knows the time.
 */
export interface HintSeal {
  /** The hint without its time, hidden, with the secret for {@link sealed}; undefined while that cannot be. */
  hide(hint: string): { readonly hidden: string; readonly secret: Buffer } | undefined;
  /** The hint with its time, as `readBindingHint` reads it; undefined if its seal is not right. */
  open(payload: string): string | undefined;
  /** Whether the secret is known. */
  readonly isLearnt: boolean;
  /** Reads the secret, again and again until that is done or there is none; then completes. */
  readonly learn$: Observable<never>;
}

export interface HintSealOptions {
  /** Where waiting happens. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
  /** Silent by default. */
  readonly logger?: Pick<Logger, 'info'> | undefined;
}

/** Milliseconds until the secret is asked for again after that failed. */
const RETRY_AFTER = 2000;

const digest = (...parts: readonly (Buffer | string)[]): Buffer =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

/** Hash of the secret and the hash of the secret and the text: two, so that nobody can lengthen a text under its seal. */
export const sealOf = (secret: Buffer, text: string): string => digest(secret, digest(secret, text)).toString('hex');

/** {@link sealOf} in SQL. Of `text`, whose seal stands before it, in hex, with a comma between. */
export const sealed = (secret: string, text: string): string =>
  `encode(sha256(${secret}::bytea || sha256(${secret}::bytea || convert_to(${text}, 'UTF8'))), 'hex') || ',' || ${text}`;

const sealLength = 64;

/** One for each purpose. */
interface Secrets {
  readonly forSeal: Buffer;
  readonly forCipher: Buffer;
}

export const secretsFrom = (secret: Buffer): Secrets => ({
  forSeal: digest('seal', secret),
  forCipher: digest('cipher', secret),
});

const startLength = 16;

export function hidden({ forCipher }: Secrets, text: string): string {
  const start = randomBytes(startLength);
  const cipher = createCipheriv('aes-256-ctr', forCipher, start);
  return Buffer.concat([start, cipher.update(text, 'latin1'), cipher.final()]).toString('base64');
}

function shown({ forCipher }: Secrets, text: string): string {
  const bytes = Buffer.from(text, 'base64');
  const decipher = createDecipheriv('aes-256-ctr', forCipher, bytes.subarray(0, startLength));
  return decipher.update(bytes.subarray(startLength)).toString('latin1') + decipher.final('latin1');
}

/** The secret stands in a table of its own, which a role may read that was granted what a coordinator needs. */
export function hintSeal(run: Run, { scheduler = asyncScheduler, logger }: HintSealOptions = {}): HintSeal {
  let secrets: Secrets | undefined;
  return {
    get isLearnt() {
      return secrets !== undefined;
    },
    hide: (hint) => secrets && { hidden: hidden(secrets, hint), secret: secrets.forSeal },
    open: (payload) => {
      if (secrets === undefined || payload[sealLength] !== ',') return undefined;
      const text = payload.slice(sealLength + 1);
      const seal = Buffer.from(payload.slice(0, sealLength), 'latin1');
      if (!timingSafeEqual(seal, Buffer.from(sealOf(secrets.forSeal, text), 'latin1'))) return undefined;
      const comma = text.indexOf(',');
      return `${text.slice(0, comma)},${shown(secrets, text.slice(comma + 1))}`;
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
