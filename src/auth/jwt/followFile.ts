import { open } from 'node:fs/promises';
import { catchError, defer, exhaustMap, map, of, timer } from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';

/** What is in a file and when it was last written, in milliseconds since 1970; or why that cannot be said. */
export type FileReading =
  | { readonly kind: 'content'; readonly text: string; readonly writtenAt: number }
  | { readonly kind: 'failed'; readonly error: Error };

/**
 * What is in a small file, at once and then once a `period`, for ever, whether it has changed or not: what file systems
 * tell of changes is lost where files are mounted, or replaced by renaming.
 */
export function followFile$(path: string, period: number, scheduler: SchedulerLike): Observable<FileReading> {
  const reading$ = defer(() => readOnce(path)).pipe(
    map((content): FileReading => ({ kind: 'content', ...content })),
    catchError((error: Error) => of<FileReading>({ kind: 'failed', error })),
  );
  return timer(0, period, scheduler).pipe(exhaustMap(() => reading$));
}

async function readOnce(path: string): Promise<{ text: string; writtenAt: number }> {
  const file = await open(path);
  try {
    const text = await file.readFile('utf8');
    // Asked afterwards: what was written since the text was read only makes the text look younger than it is.
    const { mtimeMs: writtenAt } = await file.stat();
    return { text, writtenAt };
  } finally {
    await file.close();
  }
}
