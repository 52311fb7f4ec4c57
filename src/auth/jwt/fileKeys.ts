import { readFile } from 'node:fs/promises';
import { asyncScheduler, catchError, defer, map, throwError } from 'rxjs';
import type { SchedulerLike } from 'rxjs';
import { KeyCache } from './keyCache.js';
import type { KeysEvent } from './keyCache.js';
import type { RefreshableKeys } from './jwtKeys.js';
import { publicAlgorithms, publicKeys, secretAlgorithms, secretKeyIn } from './verificationKey.js';
import type { JwtAlgorithm, VerificationKey } from './verificationKey.js';

/** How a file of keys is followed. */
export interface FileKeysOptions {
  /** Tells the time. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
  /** Told when other keys are used, and when the file cannot be read or holds none. Default: nobody is. */
  readonly onEvent?: (event: KeysEvent) => void;
}

/** A file is read again when a token comes and it was read so long ago, in milliseconds. */
const maxAge = 1000;

/**
 * A secret in a file, for HS256: all its bytes, but for a line break at the end. Another one in the file counts a second
 * later; tokens of the one before are refused from then on. When the file cannot be read, the one before goes on being used.
 */
export function jwtSecretFile(path: string, options?: FileKeysOptions): RefreshableKeys {
  return fileKeys(path, secretAlgorithms, (bytes) => [secretKeyIn(bytes)], options);
}

/**
 * Public keys in a file, for RS256, ES256 and EdDSA: PEM (one or several), a JWK or a JWK Set. Others in the file count a
 * second later. When it cannot be read, or holds no key, those from before go on being used.
 */
export function jwtKeyFile(path: string, options?: FileKeysOptions): RefreshableKeys {
  return fileKeys(path, publicAlgorithms, (bytes) => publicKeys(bytes.toString('utf8')), options);
}

function fileKeys(
  path: string,
  algorithms: readonly JwtAlgorithm[],
  parse: (bytes: Buffer) => readonly VerificationKey[],
  { scheduler = asyncScheduler, onEvent = () => undefined }: FileKeysOptions = {},
): RefreshableKeys {
  const load$ = defer(() => readFile(path)).pipe(
    map(parse),
    catchError((cause: unknown) =>
      throwError(() => {
        const problem = cause instanceof Error ? cause.message : String(cause);
        return new Error(`cannot use the keys in ${path}: ${problem}`, { cause });
      }),
    ),
  );
  return new KeyCache({ algorithms, load$, maxAge, cooldown: maxAge, retryAfter: maxAge, scheduler, onEvent });
}
