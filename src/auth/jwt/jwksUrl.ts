import { asyncScheduler, catchError, map, throwError, timeout, TimeoutError } from 'rxjs';
import type { SchedulerLike } from 'rxjs';
import { fromFetch } from 'rxjs/fetch';
import { KeyCache } from './keyCache.js';
import type { KeysEvent } from './keyCache.js';
import type { RefreshableKeys } from './jwtKeys.js';
import { publicAlgorithms, publicKeys } from './verificationKey.js';

/** How often an issuer is asked for its keys, and how long it may take. */
export interface JwksUrlOptions {
  /** Keys that were fetched so long ago are fetched again before they are used. Milliseconds; default 600000. */
  readonly maxAge?: number;
  /**
   * So long after one fetch the next may follow that an unknown `kid` asks for, so that whoever makes up names cannot make
   * us ask all the time. Milliseconds; default 30000.
   */
  readonly cooldown?: number;
  /** How long a fetch may take. Milliseconds; default 5000. */
  readonly fetchTimeout?: number;
  /** Tells the time and waits. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
  /** Told when other keys are used, and when they cannot be fetched. Default: nobody is. */
  readonly onEvent?: (event: KeysEvent) => void;
}

/** After a fetch that failed the next one may follow so soon, in milliseconds. */
const retryAfter = 5000;

/** Bytes of the largest JWK Set: some thousand keys. */
const maxSize = 512 * 1024;

/**
 * The public keys that an issuer publishes as a JWK Set: for RS256, ES256 and EdDSA. They are fetched when they are needed,
 * kept, and fetched again when they are old, or when a token names one that is not there. When that fails, those that are
 * there go on being used, for as long as it takes.
 *
 * The URL must be `https:`, or `http:` on this machine; redirects are not followed.
 *
 * @throws TypeError `a JWKS URL must be https, or http on a loopback address: who is in between could exchange the keys`
 */
export function jwksUrl(url: string | URL, options: JwksUrlOptions = {}): RefreshableKeys {
  const { maxAge = 600_000, cooldown = 30_000, fetchTimeout = 5000 } = options;
  const { scheduler = asyncScheduler, onEvent = () => undefined } = options;
  const checked = URL.canParse(String(url)) ? new URL(url) : undefined;
  if (!checked || !isSafe(checked)) {
    throw new TypeError(
      'a JWKS URL must be https, or http on a loopback address: who is in between could exchange the keys',
    );
  }
  const place = `${checked.origin}${checked.pathname}`;
  const load$ = fromFetch(checked.href, {
    redirect: 'error',
    headers: { Accept: 'application/json' },
    selector: read,
  }).pipe(
    timeout({ first: fetchTimeout, scheduler }),
    map(publicKeys),
    catchError((cause: unknown) =>
      throwError(() => new Error(`cannot get keys from ${place}: ${problemOf(cause, fetchTimeout)}`, { cause })),
    ),
  );
  return new KeyCache({ algorithms: publicAlgorithms, load$, maxAge, cooldown, retryAfter, scheduler, onEvent });
}

function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname));
}

async function read(response: Response): Promise<string> {
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`HTTP ${String(response.status)}`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxSize) throw new Error(`it is larger than ${String(maxSize / 1024)} KiB`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `fetch` says only that it failed; why is in the cause. */
function problemOf(error: unknown, fetchTimeout: number): string {
  if (error instanceof TimeoutError) return `no answer within ${String(fetchTimeout)} ms`;
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.message === 'fetch failed' ? error.cause.message : error.message;
}
