import {
  BehaviorSubject,
  ReplaySubject,
  Subject,
  defer,
  filter,
  firstValueFrom,
  from,
  map,
  merge,
  repeat,
  startWith,
  switchMap,
  takeUntil,
  tap,
  throwError,
  timeout,
  timer,
  type Observable,
} from 'rxjs';
import type { Uuid } from '../../src/db/store.js';
import type { CoordinateRequest } from '../../src/proto/gen/tailnet.js';
import { requests } from '../../src/proto/requests.js';
import { aNode, nameOf, type Sighting, type Sightings } from '../../src/testing/index.js';
import { sightings } from '../../src/testing/sightings.js';
import { overWebSocket } from '../processes/overWebSocket.js';
import { patience } from './patience.js';

/**
 * A peer that wants to stay connected: it knows the URLs of several coordinators, and when its connection ends it goes
 * to the next of them, with back-off, and says all it has to say once more: what it took back, too, since nobody knows
 * whether that was written. It never leaves one that merely says nothing.
 */
export interface SteadyPeer extends Disposable {
  readonly id: Uuid;
  /** What it has been told, over all its connections. */
  readonly seen: Sightings;
  /** What it has been told over the connection that it has now, or tries to make. */
  readonly seenNow: Sightings;
  /** Which of the URLs that connection goes to. */
  readonly place: number;
  /** Every time it was told something, or a connection of its began or ended. */
  readonly changed$: Observable<void>;
  /** How its connections ended, each with the close code and the error before it, as `1013 coordinator unhealthy`. */
  readonly ends: readonly string[];
  updateDerp(derp: number): void;
  addTunnel(other: Uuid): void;
  removeTunnel(other: Uuid): void;
  /** Breaks its connection off and makes one to another coordinator. */
  moveTo(home: number): void;
  /** Says goodbye, again elsewhere if need be, and stays away. Resolves when a coordinator has taken it. */
  leave(): Promise<void>;
  /** The last it heard of the other is that it is there, at this relay region. Milliseconds that took. */
  eventuallySees(other: Uuid, derp: number): Promise<number>;
  /** The last it heard of the other is this kind of update. */
  eventuallyHears(other: Uuid, kind: Sighting['kind']): Promise<number>;
  /** So many of its connections have ended. */
  eventuallyEnds(times: number): Promise<number>;
  /** Breaks its connection off for good. */
  drop(): void;
}

/** Waits before connecting again, in milliseconds: the first, and the longest. */
const [firstWait, longestWait] = [100, 1_000];

/** The close code of a connection that said goodbye. */
const farewell = 1000;

/** Connects at once, to the coordinator `home` of those at the URLs, which are looked up anew for each connection. */
export const steadyPeer = (urls: readonly string[], id: Uuid, home = 0): SteadyPeer => {
  const seen = sightings();
  const ends: string[] = [];
  const tunnels = new Set<Uuid>();
  const removed = new Set<Uuid>();
  const left$ = new ReplaySubject<void>(1);
  let seenNow = sightings();
  let place = home;
  let isLeaving = false;
  const home$ = new BehaviorSubject(home);
  const said$ = new Subject<CoordinateRequest>();
  const changed$ = new Subject<void>();
  let node: CoordinateRequest | undefined;

  const connection$ = (url: string) =>
    defer(() => {
      const remote = overWebSocket(url, 'tailnet.v2.proto');
      const errorsBefore = seen.errors.length;
      const standing = [
        ...(node === undefined ? [] : [node]),
        ...[...removed].map(requests.removeTunnel),
        ...[...tunnels].map(requests.addTunnel),
      ];
      const everything = isLeaving ? [requests.disconnect()] : standing;
      seenNow = sightings();
      changed$.next();
      return remote.coordinate$(id, merge(from(everything), said$)).pipe(
        tap({
          complete: () => {
            ends.push([remote.closeCodes.at(-1), ...seen.errors.slice(errorsBefore)].join(' '));
            if (isLeaving && remote.closeCodes.at(-1) === farewell) left$.next();
            changed$.next();
          },
        }),
      );
    });

  const connections = home$
    .pipe(
      switchMap((first) => {
        let attempts = 0;
        let failures = 0;
        return defer(() => {
          place = (first + attempts++) % urls.length;
          return connection$(urls[place] ?? '');
        }).pipe(
          tap(({ peerUpdates }) => {
            if (peerUpdates.length > 0) failures = 0;
          }),
          repeat({ delay: () => timer(Math.min(longestWait, firstWait * 1.5 ** failures++)) }),
        );
      }),
      takeUntil(left$),
    )
    .subscribe((response) => {
      seen.add(response);
      seenNow.add(response);
      changed$.next();
    });

  const eventually = async (what: string, holds: () => boolean): Promise<number> => {
    const since = performance.now();
    const failure = () =>
      new Error(
        [
          `${nameOf(id)} did not ${what} within ${String(patience)} ms. ${nameOf(id)} has seen:`,
          ...seen.log,
          `and its connections have ended with: ${ends.join(', ')}`,
        ].join('\n  '),
      );
    return firstValueFrom(
      changed$.pipe(
        startWith(undefined),
        filter(holds),
        map(() => performance.now() - since),
        timeout({ first: patience, with: () => throwError(failure) }),
      ),
    );
  };

  const say = (request: CoordinateRequest) => said$.next(request);
  const drop = () => connections.unsubscribe();

  return {
    id,
    seen,
    get seenNow() {
      return seenNow;
    },
    get place() {
      return place;
    },
    changed$,
    ends,
    updateDerp: (derp) => {
      node = requests.updateSelf(aNode({ derp, of: id }));
      say(node);
    },
    addTunnel: (other) => {
      removed.delete(other);
      tunnels.add(other);
      say(requests.addTunnel(other));
    },
    removeTunnel: (other) => {
      tunnels.delete(other);
      removed.add(other);
      say(requests.removeTunnel(other));
    },
    moveTo: (next) => home$.next(next),
    leave: () => {
      isLeaving = true;
      say(requests.disconnect());
      return firstValueFrom(left$);
    },
    eventuallySees: (other, derp) =>
      eventually(`see ${nameOf(other)} at derp ${String(derp)}`, () => {
        const sighting = seen.of(other);
        return sighting?.kind === 'node' && sighting.derp === derp;
      }),
    eventuallyHears: (other, kind) =>
      eventually(`hear that ${nameOf(other)} is ${kind}`, () => seen.of(other)?.kind === kind),
    eventuallyEnds: (times) => eventually(`lose ${String(times)} connections`, () => ends.length >= times),
    drop,
    [Symbol.dispose]: drop,
  };
};
