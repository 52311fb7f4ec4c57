import { createHash, timingSafeEqual } from 'node:crypto';
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
 * Shows that a hint comes from somebody who may read the tables: whoever may connect to a database may notify in it. A
 * hint that only says what has changed needs none; one that holds rows is believed.
 */
export interface HintSeal {
  /** For {@link sealed}; undefined while it is not known, or cannot be. */
  readonly secret: Buffer | undefined;
  /** The hint without its seal; undefined if that is not right. */
  open(payload: string): string | undefined;
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

/** The same in SQL. Of `text`, whose seal stands before it, in hex, with a comma between. */
export const sealed = (secret: string, text: string): string =>
  `encode(sha256(${secret}::bytea || sha256(${secret}::bytea || convert_to(${text}, 'UTF8'))), 'hex') || ',' || ${text}`;

const sealLength = 64;

/** The secret stands in a table of its own, which a role may read that was granted what a coordinator needs. */
export function hintSeal(run: Run, { scheduler = asyncScheduler, logger }: HintSealOptions = {}): HintSeal {
  let secret: Buffer | undefined;
  return {
    get secret() {
      return secret;
    },
    open: (payload) => {
      if (secret === undefined || payload[sealLength] !== ',') return undefined;
      const text = payload.slice(sealLength + 1);
      const seal = Buffer.from(payload.slice(0, sealLength), 'latin1');
      return timingSafeEqual(seal, Buffer.from(sealOf(secret, text), 'latin1')) ? text : undefined;
    },
    learn$: defer(() =>
      run(mayRead, [], (rows: readonly { readonly may: boolean | null }[]) => rows[0]?.may === true),
    ).pipe(
      switchMap((may) => {
        if (may) return run(select, [], (rows: readonly { readonly secret: Buffer }[]) => rows[0]?.secret);
        logger?.info('hints hold no rows: this role may not read tailnet_coordinator_secret, or it is not there');
        return of(undefined);
      }),
      tap((found) => {
        secret = found;
      }),
      retry({ delay: () => timer(RETRY_AFTER, scheduler) }),
      ignoreElements(),
    ),
  };
}

const mayRead = {
  text: `SELECT has_table_privilege(to_regclass('tailnet_coordinator_secret'), 'SELECT') AS may`,
};
const select = { text: 'SELECT secret FROM tailnet_coordinator_secret' };
