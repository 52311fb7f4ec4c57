import { asyncScheduler, concat, map, of, ReplaySubject, share, switchMap, throwError, timer } from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';
import { isUuid } from '../../proto/uuid.js';
import { followFile$ } from './followFile.js';
import type { VerifiedToken } from './jwtVerifier.js';

/** What becomes of a list of revoked tokens. Only what is new is told. */
export type RevocationsEvent =
  /** So many entries count from now on. */
  | { readonly kind: 'loaded'; readonly count: number }
  /** The list could not be read. The one from before, if there is one, goes on counting. */
  | { readonly kind: 'failed'; readonly error: Error };

export interface RevocationFileOptions {
  /** From one look at the file to the next, in milliseconds. Default 2000. */
  readonly period?: number;
  /** Waits. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
  /** Told when another list counts, and when it cannot be read. Default: nobody is. */
  readonly onEvent?: (event: RevocationsEvent) => void;
}

/**
 * Revoked tokens in a file, for `isRevoked$` of `jwtVerifier`. Each line is the id of a token (`jti`), or the id of a peer,
 * all of whose tokens are revoked; empty lines, and those that begin with `#`, say nothing. The file is looked at for as
 * long as somebody is connected. When it cannot be read, the list from before goes on counting; until there was one, nobody
 * is let in. What is new counts at once; what is missing goes on counting for two periods, unless it is back by then: the
 * file may have been looked at while it was being written.
 */
export function revocationFile(
  path: string,
  { period = 2000, scheduler = asyncScheduler, onEvent = () => undefined }: RevocationFileOptions = {},
): (token: VerifiedToken) => Observable<boolean> {
  let list: ReadonlySet<string> | undefined;
  let told = '';
  /** The file is opened anew for everybody who comes while nobody is connected. */
  const tell = (event: RevocationsEvent, text: string) => {
    if (text !== told) onEvent(event);
    told = text;
  };
  const take = (entries: ReadonlySet<string>) => {
    list = entries;
    tell({ kind: 'loaded', count: entries.size }, [...entries].join('\n'));
    return entries;
  };
  const list$ = followFile$(path, period, scheduler).pipe(
    switchMap((state) => {
      if (state.kind === 'failed') {
        tell(state, state.error.message);
        return list ? of(list) : throwError(() => state.error);
      }
      const read = entriesOf(state.text);
      const all = new Set([...(list ?? []), ...read]);
      if (all.size === read.size) return of(take(read));
      list = all;
      return concat(of(all), timer(2 * period, scheduler).pipe(map(() => take(read))));
    }),
    share({ connector: () => new ReplaySubject(1) }),
  );
  return ({ id, tokenId }) =>
    list$.pipe(map((revoked) => revoked.has(id) || (tokenId !== undefined && revoked.has(tokenId))));
}

function entriesOf(text: string): ReadonlySet<string> {
  const lines = text.split('\n').map((line) => line.trim());
  const entries = lines.filter((line) => line !== '' && !line.startsWith('#'));
  // The id of a peer may be written in capitals. That of a token is compared as it is.
  return new Set([...entries, ...entries.filter(isUuid).map((entry) => entry.toLowerCase())]);
}
