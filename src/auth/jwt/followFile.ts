import { readFile } from 'node:fs/promises';
import { catchError, defer, distinctUntilChanged, exhaustMap, map, of, timer } from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';

/** What is in a file, or why that cannot be said. */
export type FileState =
  { readonly kind: 'content'; readonly text: string } | { readonly kind: 'failed'; readonly error: Error };

/**
 * What is in a small file, and again whenever it changes, or begins or ceases to be readable; for ever. It is read once a
 * `period`: what file systems tell of changes is lost where files are mounted, or replaced by renaming.
 */
export function followFile$(path: string, period: number, scheduler: SchedulerLike): Observable<FileState> {
  const state$ = defer(() => readFile(path, 'utf8')).pipe(
    map((text): FileState => ({ kind: 'content', text })),
    catchError((error: Error) => of<FileState>({ kind: 'failed', error })),
  );
  return timer(0, period, scheduler).pipe(
    exhaustMap(() => state$),
    distinctUntilChanged((one, other) => contentOf(one) === contentOf(other)),
  );
}

function contentOf(state: FileState): string {
  return state.kind === 'content' ? `content ${state.text}` : `failed ${state.error.message}`;
}
