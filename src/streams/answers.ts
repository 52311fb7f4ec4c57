import type { Logger } from 'pino';
import {
  type Observable,
  type OperatorFunction,
  type SchedulerLike,
  EMPTY,
  catchError,
  concat,
  concatMap,
  defer,
  filter,
  from,
  ignoreElements,
  map,
  of,
  takeWhile,
  throwError,
  timeout,
} from 'rxjs';
import { type Auth, AuthorizationError } from '../auth/auth.js';
import type { CoordinateRequest, CoordinateResponse } from '../proto/gen/tailnet.js';
import { closeErrors, errorResponse } from '../proto/responses.js';
import { type ParsedRequest, RequestError, parseRequest, validateRequest } from '../proto/validate.js';

/** What becomes of a request: perhaps a response, and perhaps it was the last one. */
export interface Outcome {
  readonly response?: CoordinateResponse;
  readonly isLast: boolean;
}

export interface AnswerOptions {
  readonly auth: Auth;
  /** Milliseconds an authorisation may take. */
  readonly authTimeout: number;
  /** Does what a request asks for. */
  readonly apply: (request: ParsedRequest) => Outcome;
  readonly scheduler: SchedulerLike;
  readonly logger: Logger;
}

/**
 * Handles a peer's requests, one after the other: checks the shape, authorises, reads all of the request, and only then
 * lets any part take effect. Emits what there is to answer, and completes after the request that ends the connection:
 * a goodbye, or one that was refused, with an error as its answer.
 */
export const answers = (options: AnswerOptions): OperatorFunction<CoordinateRequest, CoordinateResponse> => {
  return (requests$) =>
    requests$.pipe(
      concatMap((request) => handle(request, options)),
      takeWhile(({ isLast }) => !isLast, true),
      map(({ response }) => response),
      filter((response) => response !== undefined),
    );
};

const handle = (
  request: CoordinateRequest,
  { auth, authTimeout, apply, scheduler, logger }: AnswerOptions,
): Observable<Outcome> =>
  defer(() => {
    const invalid = validateRequest(request);
    if (invalid !== undefined) throw new RequestError(invalid);
    return concat(
      authorise(auth, request, authTimeout, scheduler),
      defer(() => of(apply(parseRequest(request)))),
    );
  }).pipe(
    catchError((error: unknown) => {
      if (error instanceof RequestError) {
        logger.info({ reason: error.message }, 'invalid coordinate request');
        return of(ending(error.message));
      }
      if (error instanceof AuthorizationError) {
        logger.info({ reason: error.message }, 'request not authorised');
        return of(ending(`authorization: ${error.message}`));
      }
      logger.error({ err: error }, 'request failed');
      return of(ending(closeErrors.internal));
    }),
  );

const ending = (error: string): Outcome => ({ response: errorResponse(error), isLast: true });

/** Completes when the request is allowed; errors with an AuthorizationError when it is not. */
const authorise = (
  auth: Auth,
  request: CoordinateRequest,
  limit: number,
  scheduler: SchedulerLike,
): Observable<never> => {
  const answer = auth(request);
  if (answer === undefined) return EMPTY;
  return from(answer).pipe(
    ignoreElements(),
    timeout({
      first: limit,
      scheduler,
      with: () => throwError(() => new AuthorizationError(`no answer within ${String(limit)} ms`)),
    }),
    catchError((error: unknown) => throwError(() => refusalOf(error))),
  );
};

/**
 * An answer that fails with a plain error is a refusal, and its message is for the peer. Not so an error of another
 * kind, or one with a code: that is something that broke, and what it says is nobody's business out there.
 */
const refusalOf = (error: unknown): unknown =>
  error instanceof Error && error.name === 'Error' && !('code' in error)
    ? new AuthorizationError(error.message, { cause: error })
    : error;
