import type { Method } from '../../src/testing/index.js';
import type { FaultAction, OperatorAction, PeerAction, Plan } from './plan.js';

/** What a value must be, in words, and whether it is. */
export interface Check {
  readonly wanted: string;
  readonly holds: (value: unknown) => boolean;
}

/** By what is done: what each of its fields must be. */
type Fields<A extends { readonly do: string }> = {
  readonly [Name in A['do']]: Readonly<Record<Exclude<keyof Extract<A, { readonly do: Name }>, 'do'>, Check>>;
};

export const whole = (least: number, most: number): Check => ({
  wanted: `a whole number from ${least} to ${most}`,
  holds: (value) => Number.isInteger(value) && least <= Number(value) && Number(value) <= most,
});

export const boolean: Check = { wanted: 'true or false', holds: (value) => typeof value === 'boolean' };

export const listOf = (item: Check): Check => ({
  wanted: `a list of which each is ${item.wanted}`,
  holds: (value) => Array.isArray(value) && value.every(item.holds),
});

/** A day: no simulation lasts that long. In milliseconds. */
export const longest = 24 * 3_600_000;

const oneOf = (...words: readonly string[]): Check => ({
  wanted: `one of ${words.map((word) => `"${word}"`).join(', ')}`,
  holds: (value) => words.some((word) => word === value),
});

const either = (one: Check, other: Check): Check => ({
  wanted: `${one.wanted}, or ${other.wanted}`,
  holds: (value) => one.holds(value) || other.holds(value),
});

/** All of them: one that is missing here would not compile. */
const methods: Readonly<Record<Method, true>> = {
  ...{ heartbeat: true, readCoordinators: true, writeBindings: true, writeTunnels: true, loseBindings: true },
  ...{ readNeighbours: true, readPairs: true, readBindings: true, readOwnBindings: true, readOwnTunnels: true },
  ...{ cleanCoordinators: true, cleanLostBindings: true, cleanTunnels: true, publish: true },
};

const method = oneOf(...Object.keys(methods));
const times = whole(1, 1_000);
const duration = whole(0, longest);

/** What peers do. */
export const peerActions = ({ peers, coordinators }: Pick<Plan, 'peers' | 'coordinators'>): Fields<PeerAction> => {
  const [peer, site] = [whole(0, peers - 1), whole(0, coordinators - 1)];
  return {
    connect: { peer, to: site, node: oneOf('none', 'same', 'new'), tunnels: listOf(peer) },
    publish: { peer, times },
    refresh: { peer },
    open: { peer, other: peer },
    shut: { peer, which: whole(0, 1_000) },
    flap: { peer, other: peer, times, every: duration, by: duration, for: duration },
    'hand over': { peer, which: whole(0, 1_000), to: peer },
    leave: { peer },
    drop: { peer },
    vanish: { peer },
    notice: {},
    hop: { peer, to: site },
    bounce: {
      ...{ peer, to: site, within: duration, trouble: oneOf('none', 'pause', 'deafen') },
      ...{ where: oneOf('from', 'to'), for: duration },
    },
    outrun: { peer, to: site, after: duration, trouble: oneOf('late', 'cut'), for: duration },
    stall: { peer, for: duration },
    acknowledge: { peer },
    rubbish: { peer, which: whole(0, 1_000) },
  };
};

/** What goes wrong, and what operators do. */
export const troubles = ({
  peers,
  coordinators,
}: Pick<Plan, 'peers' | 'coordinators'>): Fields<FaultAction | OperatorAction> => {
  const [peer, site] = [whole(0, peers - 1), whole(0, coordinators - 1)];
  return {
    fail: { site, method, times, effect: either(oneOf('none', 'before'), duration) },
    hang: { site, method: either(method, oneOf('all')), for: duration },
    'time out': { site, method, for: duration },
    cut: { site: either(site, oneOf('all')), what: oneOf('statements', 'both'), for: duration },
    deafen: { site, channel: oneOf('heartbeat', 'peer', 'tunnel', 'all'), isTold: boolean, for: duration },
    gap: { site },
    'break listening': { site, how: oneOf('loudly', 'silently') },
    repeat: { site, for: duration },
    delay: { site, by: duration, for: duration },
    pause: { site, for: duration, first: oneOf('timers', 'inputs') },
    refuse: { peer, for: duration },
    'set clock': { site, by: whole(-longest, longest) },
    kill: { site, downFor: duration },
    close: { site, downFor: duration },
    'close hastily': { site, fails: whole(0, 1_000), downFor: duration },
    'delete peer': { peer },
    'delete tunnels': { peer },
    'delete coordinator': { site },
    truncate: {},
    poison: { peer },
    'back up': {},
    restore: {},
    clean: {},
  };
};
