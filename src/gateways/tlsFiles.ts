import { readFile } from 'node:fs/promises';
import { asyncScheduler, catchError, defer, distinctUntilChanged, EMPTY, exhaustMap, throwError, timer } from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';
import type { TlsOptions } from './tls.js';
import { tlsProblem } from './tlsProblem.js';

/** Where certificates are kept, as PEM. */
export interface TlsFiles {
  /** The path of the private key. */
  readonly key: string;
  /** The path of the certificate, followed by those between it and an authority. */
  readonly cert: string;
  /** The path of the authorities whose certificates clients must show. Default: none is asked for. */
  readonly ca?: string;
}

/** How files with certificates are followed. */
export interface TlsFilesOptions {
  /** Milliseconds from one look at the files to the next. Default 10000. */
  readonly period?: number;
  /** Told why new certificates are not taken. Default: nobody. */
  readonly onError?: (error: unknown) => void;
  /** Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
}

/**
 * The certificates in some files, and again when they have changed, so that those that were renewed are shown without a
 * restart. Looks at what is in them, since whoever renews them may replace files, directories or links.
 *
 * Errors if the first are no good, because of a file that cannot be read or holds nothing of the kind, or a key and a
 * certificate that do not belong together: `/etc/tls.crt is not the certificate of the key`. Later ones that are no good, as when only one of two files has been replaced yet, are left for the next look.
 */
export function tlsFiles$(
  files: TlsFiles,
  { period = 10_000, onError = () => undefined, scheduler = asyncScheduler }: TlsFilesOptions = {},
): Observable<TlsOptions> {
  return defer(() => {
    const { key, cert, ca } = files;
    let isFirst = true;
    const read = async (): Promise<TlsOptions> => {
      const [keyText, certText, caText] = await Promise.all([
        readFile(key, 'utf8'),
        readFile(cert, 'utf8'),
        ca === undefined ? undefined : readFile(ca, 'utf8'),
      ]);
      const tls = { key: keyText, cert: certText, ...(caText !== undefined && { ca: caText }) };
      const problem = tlsProblem(tls);
      if (problem) throw new TypeError(`${files[problem.part] ?? problem.part} ${problem.reason}`);
      isFirst = false;
      return tls;
    };
    return timer(0, period, scheduler).pipe(
      exhaustMap(() =>
        defer(read).pipe(
          catchError((error: unknown) => {
            if (isFirst) return throwError(() => error);
            onError(error);
            return EMPTY;
          }),
        ),
      ),
      distinctUntilChanged((a, b) => a.key === b.key && a.cert === b.cert && a.ca === b.ca),
    );
  });
}
