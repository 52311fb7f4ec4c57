import { type Observable, EMPTY, catchError, from, ignoreElements, tap, throwError } from 'rxjs';
import type { Auth } from './auth.js';
import { refusalOf } from './refusalOf.js';

/** Whoever answers that would be surprised if it allowed the request. */
const refuseFalse = (answer: unknown): void => {
  if (answer === false) throw new TypeError('auth allows by completing and refuses by failing; it answered false');
};

/**
 * Completes when an answer of {@link Auth} allows the request; errors with an AuthorizationError when it does not, and with
 * something else for a bug. Of an answer that comes later, other errors are refusals than of one that is thrown.
 */
export const permission$ = (answer: ReturnType<Auth>): Observable<never> => {
  const untyped: unknown = answer;
  // Whoever goes without types may answer true, at once or later; a text is none, though it could be gone through.
  if (answer === undefined || untyped === true) return EMPTY;
  if (typeof untyped === 'string')
    throw new TypeError('auth allows by completing and refuses by failing; it answered text');
  return from(answer).pipe(
    tap(refuseFalse),
    ignoreElements(),
    catchError((error: unknown) => throwError(() => refusalOf(error))),
  );
};
