import {
  distinctUntilChanged,
  firstValueFrom,
  map,
  NEVER,
  startWith,
  Subject,
  switchMap,
  throttleTime,
  timeout,
  timer,
  type Subscription,
} from 'rxjs';
import type { Uuid } from '../../src/db/store.js';
import { nameOf } from '../../src/testing/index.js';
import { steadyPeer, type SteadyPeer } from '../faults/steadyPeer.js';
import type { Chance } from '../support/chance.js';
import { places } from './cluster.js';
import { soakOracle, type SoakOracle } from './soakOracle.js';

export interface CrowdOptions {
  readonly urls: readonly string[];
  readonly peers: number;
  readonly chance: Chance;
  /** Told when a peer is told without a reason that another one is disconnected. */
  readonly fail: (reason: string) => void;
}

/** Peers that come and go, and what is true of them. */
export interface Crowd extends Disposable {
  readonly oracle: SoakOracle;
  /** Lets some peer do something. */
  act(): void;
  /** Somebody who is here, and does nothing but publish until `release`. */
  hold(): Uuid;
  release(id: Uuid): void;
  update(id: Uuid): void;
  /** Some of those who are here publish, so that there is something to be heard of. */
  updateSome(): void;
  move(id: Uuid): void;
  /** What is wrong with what peers that are here were told. */
  complaints(): readonly string[];
  /**
   * Resolves when everybody has seen for a while what is true, with the milliseconds that this took, the while not
   * counted. Rejects after `within`, with what is wrong. Nobody should act meanwhile.
   */
  calm(within: number): Promise<number>;
  readonly here: number;
  /** How many peers are connected at a place, or try to be, those included who are saying goodbye. */
  hereAt(place: string): number;
  readonly deeds: ReadonlyMap<string, number>;
}

interface Member {
  readonly id: Uuid;
  peer: SteadyPeer | undefined;
  watching: Subscription | undefined;
  /** When its connection was begun, when it left or went away, and when it last took something back. */
  connectedAt: number;
  goneAt: number;
  withdrewAt: number;
  readonly closedAt: Map<Uuid, number>;
  derp: number;
}

/**
 * What a peer takes back is known to be gone once no other coordinator takes the peer for connected there: so peers take
 * something back only at a connection of this age, in milliseconds, and are back only so long after a goodbye.
 */
const settled = 20_000;

/** A tunnel that was closed is not opened again for so many milliseconds: the one may overtake the other. */
const closing = 30_000;

/** All must be right for so many milliseconds. */
const steady = 1_000;

/** How many tunnels a peer opens when it comes, and at most. */
const tunnelsAtFirst = 3;
const mostTunnels = 5;

/** At least this share of the peers is here. */
const leastHere = 0.8;

/** How many publish at once in `updateSome`. */
const someShare = 0.25;

const idOf = (index: number): Uuid => `${(index + 1).toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`;

/** All come at once. */
export const openCrowd = ({ urls, peers, chance, fail }: CrowdOptions): Crowd => {
  const oracle = soakOracle();
  const changed$ = new Subject<void>();
  const held = new Set<Uuid>();
  const deeds = new Map<string, number>();
  const members: readonly Member[] = Array.from({ length: peers }, (_, index) => ({
    ...{ id: idOf(index), peer: undefined, watching: undefined, derp: 0, closedAt: new Map<Uuid, number>() },
    ...{ connectedAt: 0, goneAt: -Infinity, withdrewAt: -Infinity },
  }));
  const byId = new Map(members.map((member) => [member.id, member]));
  const now = (): number => performance.now();
  const isHere = ({ id }: Member): boolean => oracle.standingOf(id) === 'here';
  const count = (): number => members.filter(isHere).length;

  const memberOf = (id: Uuid): Member => {
    const member = byId.get(id);
    if (member === undefined) throw new RangeError(`there is no peer ${id}`);
    return member;
  };

  /** Follows what a peer is told, for as long as it is the same one. */
  const watch = (member: Member, peer: SteadyPeer): Subscription => {
    const heard = new Map<Uuid, number>();
    let connection = peer.seenNow;
    return peer.changed$.subscribe(() => {
      if (connection !== peer.seenNow) {
        connection = peer.seenNow;
        member.connectedAt = now();
      }
      for (const { id } of members) {
        const history = peer.seen.historyOf(id);
        const isGone = history.slice(heard.get(id) ?? 0).some(({ kind }) => kind === 'disconnected');
        heard.set(id, history.length);
        if (isGone && !oracle.mayBeToldGone(member.id, id, now())) {
          fail(`${nameOf(member.id)} was told for no reason that ${nameOf(id)} is disconnected`);
        }
      }
      changed$.next();
    });
  };

  const publish = (member: Member): void => {
    member.derp += 1;
    oracle.published(member.id, member.derp);
    member.peer?.updateDerp(member.derp);
  };
  const open = (member: Member): void => {
    const { id, closedAt } = member;
    const others = members.filter(
      (other) =>
        other !== member &&
        !oracle.tunnelsOf(id).has(other.id) &&
        now() - (closedAt.get(other.id) ?? -Infinity) > closing,
    );
    if (others.length === 0) return;
    const other = chance.oneOf(others);
    oracle.opened(id, other.id);
    member.peer?.addTunnel(other.id);
  };
  const close = (member: Member): void => {
    const dst = chance.oneOf([...oracle.tunnelsOf(member.id)]);
    oracle.closed(member.id, dst, now());
    member.closedAt.set(dst, now());
    member.withdrewAt = now();
    member.peer?.removeTunnel(dst);
  };
  const come = (member: Member): void => {
    const isNew = oracle.standingOf(member.id) !== 'away';
    oracle.came(member.id);
    const peer = steadyPeer(urls, member.id, chance.below(urls.length));
    member.peer = peer;
    member.connectedAt = now();
    member.watching = watch(member, peer);
    for (const dst of oracle.tunnelsOf(member.id)) peer.addTunnel(dst);
    if (isNew) for (let tunnel = 0; tunnel < tunnelsAtFirst; tunnel++) open(member);
    publish(member);
  };
  const forget = (member: Member): void => {
    member.watching?.unsubscribe();
    member.peer?.drop();
    member.peer = undefined;
    member.goneAt = now();
    changed$.next();
  };
  const goAway = (member: Member): void => {
    oracle.wentAway(member.id);
    forget(member);
  };
  const leave = (member: Member): void => {
    oracle.saysGoodbye(member.id, now());
    const { peer } = member;
    void peer?.leave().then(() => {
      oracle.left(member.id, places[peer.place] ?? '', now());
      forget(member);
    });
  };
  const move = (member: Member): void => {
    const { peer } = member;
    peer?.moveTo((peer.place + 1 + chance.below(urls.length - 1)) % urls.length);
  };

  const isSettled = (member: Member): boolean => now() - member.connectedAt > settled;
  const isSpare = (): boolean => count() > leastHere * peers;
  const deedsOf: readonly (readonly [
    name: string,
    weight: number,
    may: (m: Member) => boolean,
    act: (m: Member) => void,
  ])[] = [
    ['update', 50, isHere, publish],
    ['move', 10, (member) => isHere(member) && !held.has(member.id), move],
    ['open a tunnel', 9, (member) => isHere(member) && oracle.tunnelsOf(member.id).size < mostTunnels, open],
    [
      'close a tunnel',
      9,
      (member) => isHere(member) && isSettled(member) && !held.has(member.id) && oracle.tunnelsOf(member.id).size > 1,
      close,
    ],
    [
      'break off',
      5,
      (member) => isHere(member) && isSpare() && !held.has(member.id) && now() - member.withdrewAt > settled,
      goAway,
    ],
    ['leave', 5, (member) => isHere(member) && isSpare() && isSettled(member) && !held.has(member.id), leave],
    [
      'come',
      12,
      ({ id, goneAt }) => {
        const standing = oracle.standingOf(id);
        return standing === 'away' || (standing === 'left' && now() - goneAt > settled);
      },
      come,
    ],
  ];
  const total = deedsOf.reduce((sum, [, weight]) => sum + weight, 0);

  const complaints = (): readonly string[] =>
    members.flatMap(({ id, peer }) => {
      const standing = oracle.standingOf(id);
      if (standing === 'leaving') return [`the goodbye of ${nameOf(id)} was not taken`];
      if (standing !== 'here' || peer === undefined) return [];
      return members.flatMap((other) => {
        const complaint =
          other.id === id ? undefined : oracle.complaint(id, other.id, peer.seenNow.of(other.id), now());
        return complaint === undefined ? [] : [`about ${nameOf(other.id)}, ${nameOf(id)} ${complaint}`];
      });
    });

  for (const member of members) come(member);
  return {
    oracle,
    deeds,
    complaints,
    act: () => {
      let draw = chance() * total;
      for (const [name, weight, may, act] of deedsOf) {
        draw -= weight;
        if (draw >= 0) continue;
        const able = members.filter(may);
        if (able.length === 0) return;
        act(chance.oneOf(able));
        deeds.set(name, (deeds.get(name) ?? 0) + 1);
        return;
      }
    },
    hold: () => {
      const { id } = chance.oneOf(members.filter(isHere));
      held.add(id);
      return id;
    },
    release: (id) => {
      held.delete(id);
    },
    updateSome: () => {
      for (const member of members) if (isHere(member) && chance() < someShare) publish(member);
    },
    update: (id) => {
      publish(memberOf(id));
    },
    move: (id) => {
      move(memberOf(id));
    },
    calm: async (within) => {
      const since = now();
      let rightAt = since;
      return firstValueFrom(
        changed$.pipe(
          startWith(undefined),
          throttleTime(20, undefined, { leading: true, trailing: true }),
          map(() => complaints().length === 0),
          distinctUntilChanged(),
          switchMap((isRight) => {
            rightAt = now();
            return isRight ? timer(steady) : NEVER;
          }),
          map(() => rightAt - since),
          timeout({ first: within + steady }),
        ),
      ).catch((cause: unknown) => {
        const wrong = complaints();
        const some = wrong.slice(0, 5).join('; ');
        throw new Error(`not calm after ${within / 1000} s: ${wrong.length} complaints, as: ${some}`, { cause });
      });
    },
    hereAt: (place) => members.filter(({ peer }) => peer !== undefined && places[peer.place] === place).length,
    get here() {
      return count();
    },
    [Symbol.dispose]: () => {
      for (const member of members) forget(member);
    },
  };
};
