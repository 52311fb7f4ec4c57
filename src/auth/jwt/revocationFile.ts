import { asyncScheduler, distinctUntilChanged, map, of, ReplaySubject, share, switchMap, throwError } from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';
import { isUuid } from '../../proto/uuid.js';
import { followFile$ } from './followFile.js';
import type { VerifiedToken } from './jwtVerifier.js';
import { afterReading, counts, sameEntries } from './revokedEntries.js';
import type { RevokedEntries } from './revokedEntries.js';

/** What becomes of a list of revoked tokens. Only what is new is told. */
export type RevocationsEvent =
  /** So many entries count from now on. */
  | { readonly kind: 'loaded'; readonly count: number }
  /** The list could not be read. The one from before, if there is one, goes on counting. */
  | { readonly kind: 'failed'; readonly error: Error };

/** How a file of revoked tokens is followed. */
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
 * all of whose tokens are revoked; empty lines, and those that begin with `#`, say nothing. The file is looked at when
 * somebody comes, and for as long as somebody is connected. When it cannot be read, the list from before goes on counting;
 * until there was one, nobody is let in. What is new counts at once; what is missing goes on counting for two periods after
 * the file was written, or after it was first missing if the clocks disagree, unless it is back by then: the file may have
 * been looked at while it was being written.
 */
export function revocationFile(
  path: string,
  { period = 2000, scheduler = asyncScheduler, onEvent = () => undefined }: RevocationFileOptions = {},
): (token: VerifiedToken) => Observable<boolean> {
  // Both outlive their subscribers: the file is opened anew for whoever comes while nobody is connected.
  let list: { readonly text: string; readonly entries: RevokedEntries } | undefined;
  let problem: string | undefined;

  const fail = (error: Error): Observable<RevokedEntries> => {
    if (problem !== error.message) onEvent({ kind: 'failed', error });
    problem = error.message;
    return list ? of(list.entries) : throwError(() => error);
  };
  const take = (text: string, writtenAt: number): Observable<RevokedEntries> => {
    const now = scheduler.now();
    const before = list?.entries ?? { listed: new Set(), missing: new Map() };
    const isSettled = text === list?.text && before.missing.size === 0;
    const until = Math.min(writtenAt, now) + 2 * period;
    const entries = isSettled ? before : afterReading(before, entriesOf(text), until, now);
    const isNew = !list || problem !== undefined || (entries !== before && !sameEntries(before, entries));
    list = { text, entries };
    problem = undefined;
    if (isNew) onEvent({ kind: 'loaded', count: entries.listed.size + entries.missing.size });
    return of(entries);
  };

  const list$ = followFile$(path, period, scheduler).pipe(
    switchMap((reading) => (reading.kind === 'failed' ? fail(reading.error) : take(reading.text, reading.writtenAt))),
    share({ connector: () => new ReplaySubject(1) }),
  );
  return ({ id, tokenId }) =>
    list$.pipe(
      map((entries) => [id, tokenId].some((entry) => entry !== undefined && counts(entries, entry, scheduler.now()))),
      distinctUntilChanged(),
    );
}

function entriesOf(text: string): ReadonlySet<string> {
  const lines = text.split('\n').map((line) => line.trim());
  const entries = lines.filter((line) => line !== '' && !line.startsWith('#'));
  // The id of a peer may be written in capitals. That of a token is compared as it is.
  return new Set([...entries, ...entries.filter(isUuid).map((entry) => entry.toLowerCase())]);
}
