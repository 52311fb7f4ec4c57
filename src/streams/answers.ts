import type { Logger } from 'pino';
import {
  type Observable,
  type ObservableInput,
  type OperatorFunction,
  type SchedulerLike,
  catchError,
  concat,
  concatMap,
  defer,
  filter,
  finalize,
  from,
  ignoreElements,
  map,
  of,
  subscribeOn,
  takeWhile,
  tap,
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

/** So many requests of a connection may wait for an authorisation. One more ends the connection. */
const maxWaiting = 10_000;

export interface AnswerOptions {
  readonly auth: Auth;
  /** Milliseconds an authorisation may take. */
  readonly authTimeout: number;
  /** Does what a request asks for. */
  readonly apply: (request: ParsedRequest) => Outcome;
  readonly scheduler: SchedulerLike;
  /** On which the end of a turn is waited for. */
  readonly turnScheduler: SchedulerLike;
  readonly logger: Logger;
}

/**
 * Handles a peer's requests, one after the other: checks the shape, authorises, reads all of the request, and only then
 * lets any part take effect. Emits what there is to answer, and completes after the request that ends the connection:
 * a goodbye, or one that was refused, with an error as its answer.
 */
export const answers = (options: AnswerOptions): OperatorFunction<CoordinateRequest, CoordinateResponse> => {
  return (requests$) =>
    defer(() => {
      /** Requests that have come and are not handled: more than one only while an authorisation takes its time. */
      let waiting = 0;
      const count = (): void => {
        if (++waiting > maxWaiting) throw new RequestError('too many requests are waiting');
      };
      return requests$.pipe(
        tap(count),
        concatMap((request) => {
          const outcome$ = defer(() => handle(request, options)).pipe(finalize(() => waiting--));
          // One that others wait behind takes a turn of its own: handled at once, they would pile up on the stack.
          return waiting > 1 ? outcome$.pipe(subscribeOn(options.turnScheduler)) : outcome$;
        }),
        catchError((error: unknown) => of(refusal(error, options.logger))),
        takeWhile(({ isLast }) => !isLast, true),
        map(({ response }) => response),
        filter((response) => response !== undefined),
      );
    });
};

/** Most requests are allowed at once, so for them no more is made than the outcome. */
const handle = (request: CoordinateRequest, options: AnswerOptions): Observable<Outcome> => {
  const { auth, apply, logger } = options;
  const refuse = (error: unknown): Observable<Outcome> => of(refusal(error, logger));
  try {
    const invalid = validateRequest(request);
    if (invalid !== undefined) throw new RequestError(invalid);
    const answer = auth(request);
    if (answer === undefined) return of(apply(parseRequest(request)));
    return concat(
      permission$(answer, options),
      defer(() => of(apply(parseRequest(request)))),
    ).pipe(catchError(refuse));
  } catch (error) {
    return refuse(error);
  }
};

const refusal = (error: unknown, logger: Logger): Outcome => {
  if (error instanceof RequestError) {
    logger.info({ reason: error.message }, 'invalid coordinate request');
    return ending(error.message);
  }
  if (error instanceof AuthorizationError) {
    logger.info({ reason: error.message }, 'request not authorised');
    return ending(`authorization: ${error.message}`);
  }
  logger.error({ err: error }, 'request failed');
  return ending(closeErrors.internal);
};

const ending = (error: string): Outcome => ({ response: errorResponse(error), isLast: true });

/** Completes when the request is allowed; errors with an AuthorizationError when it is not. */
const permission$ = (answer: ObservableInput<unknown>, { authTimeout, scheduler }: AnswerOptions): Observable<never> =>
  from(answer).pipe(
    ignoreElements(),
    timeout({
      first: authTimeout,
      scheduler,
      with: () => throwError(() => new AuthorizationError(`no answer within ${String(authTimeout)} ms`)),
    }),
    catchError((error: unknown) => throwError(() => refusalOf(error))),
  );

/**
 * An answer that fails with a plain error is a refusal, and its message is for the peer. Not so an error of another
 * kind, or one with a code: that is something that broke, and what it says is nobody's business out there.
 */
const refusalOf = (error: unknown): unknown =>
  error instanceof Error && error.name === 'Error' && !('code' in error)
    ? new AuthorizationError(error.message, { cause: error })
    : error;
