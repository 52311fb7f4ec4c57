import type { Logger } from 'pino';
import {
  type Observer,
  type OperatorFunction,
  type SchedulerLike,
  type Subscriber,
  Observable,
  catchError,
  concat,
  defer,
  of,
  throwError,
  timeout,
} from 'rxjs';
import { type Auth, AuthorizationError } from '../auth/auth.js';
import { permission$ } from '../auth/permission.js';
import type { CoordinateRequest, CoordinateResponse } from '../proto/gen/tailnet.js';
import { closeErrors, errorResponse } from '../proto/responses.js';
import type { RequestResult, Telemetry } from '../telemetry.js';
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
  /** Told of each request, and what became of it. Default: nobody. */
  readonly telemetry?: Pick<Telemetry, 'requestHandled'> | undefined;
  readonly logger: Logger;
}

/**
 * Handles a peer's requests, one after the other: checks the shape, authorises, reads all of the request, and only then
 * lets any part take effect. Emits what there is to answer, and completes after the request that ends the connection:
 * a goodbye, or one that was refused, with an error as its answer. When the requests end, or their stream breaks, those
 * that have come are handled first.
 *
 * Most requests are allowed at once, so for them no more is made than the outcome. Those that wait behind a slow
 * authorisation are handled in a loop: however many, the stack does not grow.
 */
export const answers = (options: AnswerOptions): OperatorFunction<CoordinateRequest, CoordinateResponse> => {
  return (requests$) =>
    new Observable((subscriber) => {
      subscriber.add(requests$.subscribe(new Desk(options, subscriber)));
    });
};

/** Where a peer's requests are handled. One object, for each connection has one. */
class Desk implements Observer<CoordinateRequest> {
  readonly #options: AnswerOptions;
  readonly #peer: Subscriber<CoordinateResponse>;
  /** Requests that have come while another was being handled. */
  #waiting: CoordinateRequest[] | undefined;
  #isBusy = false;
  #isOver = false;

  constructor(options: AnswerOptions, peer: Subscriber<CoordinateResponse>) {
    this.#options = options;
    this.#peer = peer;
  }

  next(request: CoordinateRequest): void {
    // Requests that come all at once do not stop where the last one is handled.
    if (this.#peer.closed) return;
    if (!this.#isBusy) {
      this.#handle(request);
      this.#handleWaiting();
      return;
    }
    this.#waiting ??= [];
    if (this.#waiting.push(request) >= maxWaiting) {
      this.#answer(refusal(request, new RequestError('too many requests are waiting'), this.#options));
    }
  }

  error(err: unknown): void {
    this.#options.logger.debug({ err }, 'request stream broke');
    this.complete();
  }

  complete(): void {
    this.#isOver = true;
    this.#handleWaiting();
  }

  #handleWaiting(): void {
    while (this.#waiting !== undefined && !this.#isBusy && !this.#peer.closed) {
      const request = this.#waiting.shift();
      if (request === undefined) this.#waiting = undefined;
      else this.#handle(request);
    }
    if (this.#isOver && !this.#isBusy) this.#peer.complete();
  }

  #handle(request: CoordinateRequest): void {
    this.#isBusy = true;
    const outcome = decide(request, this.#options, this.#peer);
    if ('isLast' in outcome) {
      this.#settle(outcome);
      return;
    }
    let isLate = false;
    this.#peer.add(
      outcome.subscribe((settled) => {
        this.#settle(settled);
        // One that was not late is followed by whoever called this: from here, the stack would grow.
        if (isLate) this.#handleWaiting();
      }),
    );
    isLate = true;
  }

  /** What is asked for in return waits behind what waits already. */
  #settle(outcome: Outcome): void {
    this.#answer(outcome);
    this.#isBusy = false;
  }

  #answer({ response, isLast }: Outcome): void {
    if (response !== undefined) this.#peer.next(response);
    if (isLast) this.#peer.complete();
  }
}

/** What becomes of a request: at once, or, in one value, when its authorisation is there. */
const decide = (
  request: CoordinateRequest,
  options: AnswerOptions,
  peer: { readonly closed: boolean },
): Outcome | Observable<Outcome> => {
  try {
    const invalid = validateRequest(request);
    if (invalid !== undefined) throw new RequestError(invalid);
    const allowed = options.auth(request);
    // It may have ended the connection itself. What took effect now would be of a peer that nobody lets go any more.
    if (peer.closed) return { isLast: true };
    if (allowed === undefined) return apply(request, options);
    return concat(
      permissionInTime$(allowed, options),
      defer(() => of(apply(request, options))),
    ).pipe(catchError((error: unknown) => of(refusal(request, error, options))));
  } catch (error) {
    return refusal(request, error, options);
  }
};

const apply = (request: CoordinateRequest, options: AnswerOptions): Outcome => {
  const outcome = options.apply(parseRequest(request));
  options.telemetry?.requestHandled(request, outcome.response === undefined ? 'accepted' : 'warned');
  return outcome;
};

const refusal = (request: CoordinateRequest, error: unknown, options: AnswerOptions): Outcome => {
  const { logger, telemetry } = options;
  const end = (result: RequestResult, told: string): Outcome => {
    telemetry?.requestHandled(request, result);
    return { response: errorResponse(told), isLast: true };
  };
  if (error instanceof RequestError) {
    logger.info({ reason: error.message }, 'invalid coordinate request');
    return end('invalid', error.message);
  }
  if (error instanceof AuthorizationError) {
    logger.info({ reason: error.message }, 'request not authorised');
    return end('unauthorized', `authorization: ${error.message}`);
  }
  logger.error({ err: error }, 'request failed');
  return end('failed', closeErrors.internal);
};

/** Completes when the request is allowed, and errors when it is not, or there is no answer in time. */
const permissionInTime$ = (allowed: ReturnType<Auth>, { authTimeout, scheduler }: AnswerOptions): Observable<never> =>
  permission$(allowed).pipe(
    timeout({
      first: authTimeout,
      scheduler,
      with: () => throwError(() => new AuthorizationError(`no answer within ${String(authTimeout)} ms`)),
    }),
  );
