import {
  type Observable,
  EMPTY,
  catchError,
  concat,
  concatMap,
  concatWith,
  defer,
  delay,
  endWith,
  map,
  merge,
  of,
  repeat,
  switchMap,
  take,
  takeUntil,
  takeWhile,
  throwError,
  throwIfEmpty,
  timer,
} from 'rxjs';
import { closeCodes } from '../proto/closeCodes.js';
import type { CoordinateRequest } from '../proto/gen/tailnet.js';
import type { Happening } from './foldHappening.js';
import { nextStep, retryDelay } from './nextStep.js';
import { checkedToken, type ResolvedClientOptions } from './resolveClientOptions.js';
import { TailnetClientError } from './tailnetClientError.js';
import type { ConnectionEnd, TransportEvent } from './transport.js';

/** What one connection after the other says, and what it is told. */
export interface ConnectionsInput {
  /** For each connection anew. */
  readonly requests$: Observable<CoordinateRequest>;
  /** Replays that it has emitted. */
  readonly goodbye$: Observable<unknown>;
  readonly reconnect$: Observable<unknown>;
  /** Whether the goodbye was asked for. */
  readonly isLeaving: () => boolean;
  /** Told when a connection has ended, before that is emitted. */
  readonly onEnd: () => void;
}

type ClosedEvent = Extract<TransportEvent, { readonly kind: 'closed' }>;

/** The end of a connection that was given up from here. */
const broken = (reason: string): ClosedEvent => ({ kind: 'closed', code: closeCodes.broken, reason });

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const askedAnew = broken('asked to connect anew');

/**
 * One connection after the other, with waits between them, until the goodbye is said.
 *
 * @throws TailnetClientError when the coordinator will never take this peer as it is
 */
export const connections$ = (
  { transport, call, token, scheduler, random, initialBackoff, maxBackoff, goodbyePatience }: ResolvedClientOptions,
  { requests$, goodbye$, reconnect$, isLeaving, onEnd }: ConnectionsInput,
): Observable<Happening> =>
  defer(() => {
    let failures = 0;
    /** How long was waited for the connection that there is, in milliseconds. */
    let lastWait = 0;
    /** Emits when to connect again; completes without that if not at all. */
    let next$: Observable<unknown> = EMPTY;
    /** How the last connection ended, while another one is to follow. */
    let lastEnd: ConnectionEnd | undefined;

    /** The token, or why there is none. */
    const token$: Observable<{ readonly token?: string } | ClosedEvent> =
      typeof token === 'function'
        ? defer(token).pipe(
            take(1),
            throwIfEmpty(() => new Error('nobody gave one')),
            map((shown) => ({ token: checkedToken(shown) })),
            catchError((error: unknown) => of(broken(`no token: ${textOf(error)}`))),
          )
        : of(token === undefined ? {} : { token });

    const carried$ = token$.pipe(
      switchMap((shown) => ('kind' in shown ? of(shown) : transport.connect$({ ...call, ...shown, requests$ }))),
      endWith(broken('the transport has ended')),
    );

    const ended$ = (
      { kind: _, ...end }: ClosedEvent,
      wasUseful: boolean,
      isAskedAnew: boolean,
    ): Observable<Happening> => {
      onEnd();
      const hasNewToken = typeof token === 'function';
      const step = nextStep({ end, failures, wasUseful, isAskedAnew, isGoodbye: isLeaving(), hasNewToken });
      lastEnd = undefined;
      next$ = EMPTY;
      if (step.kind === 'again') {
        lastEnd = end;
        failures = step.failures;
        const retryIn = isAskedAnew ? 0 : retryDelay(failures, { initial: initialBackoff, max: maxBackoff, random });
        lastWait = retryIn;
        next$ = merge(timer(retryIn, scheduler), reconnect$).pipe(take(1), takeUntil(goodbye$));
        return of({ kind: 'connection', connection: { kind: 'waiting', ...end, retryIn } });
      }
      if (step.kind === 'done') return of({ kind: 'left', end });
      const closed: Happening = { kind: 'connection', connection: { kind: 'closed', ...end } };
      return concat(
        of(closed),
        throwError(() => new TailnetClientError(end)),
      );
    };

    /** Peers without tunnels hear nothing for as long as all is well. What ends sooner than it was waited for is none. */
    const wasOfUse = (lasted: number, hasNamedPeers: boolean): boolean =>
      lasted > maxBackoff || (hasNamedPeers && lasted >= lastWait);

    const connection$ = defer(() => {
      let openedAt = Infinity;
      let hasNamedPeers = false;
      const unanswered$ = goodbye$.pipe(
        take(1),
        delay(goodbyePatience, scheduler),
        map(() => broken(`no answer to the goodbye within ${goodbyePatience} ms`)),
      );
      return merge(unanswered$, reconnect$.pipe(map(() => askedAnew)), carried$).pipe(
        takeWhile(({ kind }) => kind !== 'closed', true),
        concatMap((event): Observable<Happening> => {
          switch (event.kind) {
            case 'open':
              openedAt = scheduler.now();
              return of({ kind: 'connection', connection: { kind: 'connected' } });
            case 'response':
              // That it accepted says nothing: a coordinator without its database does so, too, and closes again.
              hasNamedPeers ||= event.response.peerUpdates.length > 0;
              return of(event);
            case 'closed':
              return ended$(event, wasOfUse(scheduler.now() - openedAt, hasNamedPeers), event === askedAnew);
          }
        }),
      );
    });

    return concat(of<Happening>({ kind: 'connection', connection: { kind: 'connecting' } }), connection$).pipe(
      repeat({ delay: () => next$ }),
      // The goodbye was asked for while there was no connection to say it over.
      concatWith(defer(() => (lastEnd ? of<Happening>({ kind: 'left', end: lastEnd }) : EMPTY))),
    );
  });
