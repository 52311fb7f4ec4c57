import {
  Subject,
  defer,
  filter,
  firstValueFrom,
  from,
  map,
  merge,
  startWith,
  take,
  tap,
  throwError,
  timeout,
} from 'rxjs';
import type { CoordinateOptions, Coordinator } from '../api.js';
import type { Uuid } from '../db/store.js';
import type { CoordinateRequest, CoordinateResponse, Node } from '../proto/gen/tailnet.js';
import { requests } from '../proto/requests.js';
import { aNode } from './aNode.js';
import { nameOf } from './cast.js';
import { sightings, type Sighting, type Sightings } from './sightings.js';

export interface TestPeerOptions extends CoordinateOptions {
  /** What its node says besides keys and relay region, for instance its addresses. */
  readonly node?: Partial<Node>;
  /** Milliseconds that anything awaited may take. Default 10000. */
  readonly timeout?: number;
}

/**
 * A peer in a test. What it asks for is sent at once. What it awaits is looked for in all that it has been told so far,
 * then in every response that comes: nothing polls and nothing sleeps. What does not come within the timeout, or can no
 * longer come because the stream ended, rejects with everything the peer has seen.
 */
export interface TestPeer extends Disposable {
  /** Its UUID. */
  readonly id: Uuid;
  /** What it has been told. */
  readonly seen: Sightings;
  /** Every response, in order. */
  readonly responses: readonly CoordinateResponse[];

  /** Sends any request. */
  send(request: CoordinateRequest): void;
  /** Publishes its node with this relay region. */
  updateDerp(derp: number): void;
  /** Opens a tunnel to this peer. */
  addTunnel(other: Uuid): void;
  /** Closes the tunnel that it opened to this peer. */
  removeTunnel(other: Uuid): void;
  /** Says that it is ready for handshakes with these. */
  readyForHandshake(...others: readonly Uuid[]): void;

  /** Leaves for good, and waits for the coordinator to end the stream without an error. */
  disconnect(): Promise<void>;
  /** Loses its connection: unsubscribes, and hears no more. */
  drop(): void;
  /** Ends its requests without a goodbye, and goes on listening. */
  endRequests(): void;

  /** The last it heard of the other is this relay region, be the other lost or not. */
  eventuallyHasDerp(other: Uuid, derp: number): Promise<void>;
  /** The last it heard of the other is LOST. */
  eventuallyLost(other: Uuid): Promise<void>;
  /** The last it heard of the other is DISCONNECTED. It must have known the other before. */
  eventuallyDisconnected(other: Uuid): Promise<void>;
  /** The other said, at least `times` (1) times, that it is ready for a handshake. */
  eventuallyReadyForHandshake(other: Uuid, times?: number): Promise<void>;
  /** A response with exactly this error came. */
  eventuallyError(text: string): Promise<void>;
  /** The stream ended: with exactly this error as the last, or, if none is given, without any. */
  eventuallyClosed(error?: string): Promise<void>;

  /** It has never heard this relay region of the other, nor does it before `during` settles. Default: until now. */
  neverHasDerp(other: Uuid, derp: number, during?: PromiseLike<unknown>): Promise<void>;
  /** It has never heard this kind of update of the other, nor does it before `during` settles. Default: until now. */
  neverSees(other: Uuid, kind: Sighting['kind'], during?: PromiseLike<unknown>): Promise<void>;
  /** The stream has not ended, nor does it before `during` settles. Default: until now. */
  neverClosed(during?: PromiseLike<unknown>): Promise<void>;
}

/** Connects a peer to a coordinator, or to whatever else has a `coordinate$`, in real time. */
export const testPeer = (
  coordinator: Pick<Coordinator, 'coordinate$'>,
  id: Uuid,
  { node, timeout: patience = 10_000, ...options }: TestPeerOptions = {},
): TestPeer => {
  const requests$ = new Subject<CoordinateRequest>();
  const changed$ = new Subject<void>();
  const seen = sightings();
  const responses: CoordinateResponse[] = [];
  let end: string | undefined;
  let completed = false;

  const finish = (how: string) => {
    end ??= how;
    changed$.next();
  };
  const connection = coordinator
    .coordinate$(id, requests$, { name: nameOf(id), ...options })
    .pipe(
      tap((response) => {
        responses.push(response);
        seen.add(response);
      }),
    )
    .subscribe({
      next: () => changed$.next(),
      error: (error: unknown) => finish(`its stream failed: ${String(error)}`),
      complete: () => {
        completed = true;
        finish('its stream completed');
      },
    });

  const failure = (what: string) =>
    new Error(
      [`${nameOf(id)} ${what}. ${nameOf(id)} has seen:`, ...(seen.log.length > 0 ? seen.log : ['nothing'])]
        .join('\n  ')
        .concat(end === undefined ? '' : `\n  and ${end}`),
    );

  /** Resolves as soon as it holds. */
  const eventually = (what: string, holds: () => boolean): Promise<void> =>
    firstValueFrom(
      changed$.pipe(
        startWith(undefined),
        filter(() => {
          if (holds()) return true;
          if (end !== undefined) throw failure(`will never ${what}`);
          return false;
        }),
        timeout({
          first: patience,
          with: () => throwError(() => failure(`did not ${what} within ${String(patience)} ms`)),
        }),
      ),
    );

  /** Rejects as soon as it happened. */
  const never = (what: string, happened: () => boolean, during: PromiseLike<unknown>): Promise<void> =>
    firstValueFrom(
      merge(
        changed$.pipe(
          startWith(undefined),
          filter(() => {
            if (happened()) throw failure(`did ${what}`);
            return false;
          }),
        ),
        defer(() => from(during)).pipe(
          take(1),
          map(() => undefined),
        ),
      ),
    );

  const drop = () => {
    connection.unsubscribe();
    finish('it dropped its connection');
  };
  const send = (request: CoordinateRequest) => requests$.next(request);
  const eventuallyEnds = (how: string, holds: () => boolean) =>
    eventually(`come to an end ${how}`, () => completed && holds());

  return {
    id,
    seen,
    responses,

    send,
    updateDerp: (derp) => send(requests.updateSelf(aNode({ derp, of: id, ...node }))),
    addTunnel: (other) => send(requests.addTunnel(other)),
    removeTunnel: (other) => send(requests.removeTunnel(other)),
    readyForHandshake: (...others) => send(requests.readyForHandshake(...others)),

    disconnect: () => {
      const before = seen.errors.length;
      send(requests.disconnect());
      return eventuallyEnds('without an error', () => seen.errors.length === before);
    },
    drop,
    [Symbol.dispose]: drop,
    endRequests: () => requests$.complete(),

    eventuallyHasDerp: (other, derp) =>
      eventually(`see ${nameOf(other)} at derp ${String(derp)}`, () => {
        const sighting = seen.of(other);
        return sighting !== undefined && sighting.kind !== 'disconnected' && sighting.derp === derp;
      }),
    eventuallyLost: (other) => eventually(`see ${nameOf(other)} lost`, () => seen.of(other)?.kind === 'lost'),
    eventuallyDisconnected: (other) =>
      eventually(`see ${nameOf(other)} disconnected`, () => seen.of(other)?.kind === 'disconnected'),
    eventuallyReadyForHandshake: (other, times = 1) =>
      eventually(`hear that ${nameOf(other)} is ready for a handshake`, () => seen.handshakesOf(other) >= times),
    eventuallyError: (text) => eventually(`get the error "${text}"`, () => seen.errors.includes(text)),
    eventuallyClosed: (error) =>
      eventuallyEnds(
        error === undefined ? 'without an error' : `with the error "${error}"`,
        () => seen.errors.at(-1) === error,
      ),

    neverHasDerp: (other, derp, during = Promise.resolve()) =>
      never(
        `see ${nameOf(other)} at derp ${String(derp)}`,
        () => seen.historyOf(other).some((sighting) => sighting.kind !== 'disconnected' && sighting.derp === derp),
        during,
      ),
    neverSees: (other, kind, during = Promise.resolve()) =>
      never(
        `see ${nameOf(other)} ${kind === 'node' ? 'present' : kind}`,
        () => seen.historyOf(other).some((sighting) => sighting.kind === kind),
        during,
      ),
    neverClosed: (during = Promise.resolve()) => never('end', () => end !== undefined, during),
  };
};
