import type { Method } from '../../src/testing/index.js';
import { chance, type Chance } from '../support/chance.js';
import type { Action, Plan, Step } from './plan.js';

/** What may go wrong in a simulation; peers come and go in any. */
const families = ['statements', 'notifications', 'outages', 'pauses', 'deaths', 'clocks', 'hands'] as const;
export type Family = (typeof families)[number];

interface Dimensions {
  readonly peers: number;
  readonly coordinators: number;
}

/** An action that may be drawn: how often, as a part of what, and how. */
interface Draft {
  readonly weight: number;
  readonly family: Family | 'peers';
  readonly draw: (chance: Chance, dimensions: Dimensions) => Action;
}

const writes: readonly Method[] = ['writeBindings', 'writeTunnels'];
const reads: readonly Method[] = ['readBindings', 'readPairs', 'readNeighbours', 'readCoordinators', 'readOwnBindings'];
const methods: readonly Method[] = [...writes, ...writes, ...reads, 'heartbeat', 'readOwnTunnels', 'publish'];

const peerOf = (draw: Chance, { peers }: Dimensions): number => draw.below(peers);
const siteOf = (draw: Chance, { coordinators }: Dimensions): number => draw.below(coordinators);

/** Mostly short, sometimes long. */
const span = (draw: Chance, longest: number): number =>
  Math.round(draw() < 0.7 ? draw.below(longest / 8) : draw.below(longest));

const bounceOf = (draw: Chance, of: Dimensions) => ({
  ...{ do: 'bounce' as const, peer: peerOf(draw, of), to: siteOf(draw, of), within: draw.below(900) },
  ...{ where: draw.oneOf<'from' | 'to'>(['from', 'to']), for: span(draw, 8_000) },
});

const flapOf = (draw: Chance, of: Dimensions) => ({
  ...{ do: 'flap' as const, peer: peerOf(draw, of), other: peerOf(draw, of) },
  ...{ times: 2 + draw.below(5), every: draw.oneOf([0, 5, 20, 100, 400]) },
});

const outrunOf = (draw: Chance, of: Dimensions) => ({
  do: 'outrun' as const,
  peer: peerOf(draw, of),
  to: siteOf(draw, of),
});

const tunnelsFrom = (draw: Chance, dimensions: Dimensions): readonly number[] =>
  Array.from({ length: draw() < 0.5 ? 0 : 1 + draw.below(3) }, () => peerOf(draw, dimensions));

const drafts: readonly Draft[] = [
  draft(20, 'peers', (draw, of) => ({
    do: 'connect',
    peer: peerOf(draw, of),
    to: siteOf(draw, of),
    node: draw.oneOf(['none', 'same', 'new', 'new', 'new', 'new']),
    tunnels: tunnelsFrom(draw, of),
  })),
  draft(20, 'peers', (draw, of) => ({
    do: 'publish',
    peer: peerOf(draw, of),
    times: draw() < 0.8 ? 1 : 2 + draw.below(20),
  })),
  draft(3, 'peers', (draw, of) => ({ do: 'refresh', peer: peerOf(draw, of) })),
  draft(14, 'peers', (draw, of) => ({ do: 'open', peer: peerOf(draw, of), other: peerOf(draw, of) })),
  draft(8, 'peers', (draw, of) => ({ do: 'shut', peer: peerOf(draw, of), which: draw.below(8) })),
  draft(4, 'peers', (draw, of) => ({
    do: 'hand over',
    peer: peerOf(draw, of),
    which: draw.below(8),
    to: peerOf(draw, of),
  })),
  draft(3, 'peers', (draw, of) => ({ ...flapOf(draw, of), by: 0, for: 0 })),
  draft(4, 'notifications', (draw, of) => ({ ...flapOf(draw, of), by: draw.below(2_000), for: span(draw, 8_000) })),
  draft(5, 'peers', (draw, of) => ({ do: 'leave', peer: peerOf(draw, of) })),
  draft(6, 'peers', (draw, of) => ({ do: 'drop', peer: peerOf(draw, of) })),
  draft(5, 'peers', (draw, of) => ({ do: 'vanish', peer: peerOf(draw, of) })),
  draft(3, 'peers', () => ({ do: 'notice' })),
  draft(4, 'peers', (draw, of) => ({ do: 'hop', peer: peerOf(draw, of), to: siteOf(draw, of) })),
  draft(3, 'peers', (draw, of) => ({ ...bounceOf(draw, of), trouble: 'none' })),
  draft(4, 'pauses', (draw, of) => ({ ...bounceOf(draw, of), trouble: 'pause' })),
  draft(4, 'notifications', (draw, of) => ({ ...bounceOf(draw, of), trouble: 'deafen' })),
  draft(4, 'statements', (draw, of) => ({
    ...outrunOf(draw, of),
    trouble: 'late',
    after: 500 + draw.below(2_000),
    for: 3_000 + draw.below(5_000),
  })),
  // It says goodbye when its earlier coordinator has been silent for long enough.
  draft(4, 'outages', (draw, of) => ({
    ...outrunOf(draw, of),
    trouble: 'cut',
    after: 6_500 + draw.below(4_000),
    for: 12_000 + draw.below(8_000),
  })),
  draft(6, 'peers', (draw, of) => ({ do: 'stall', peer: peerOf(draw, of), for: span(draw, 20_000) })),
  draft(5, 'peers', (draw, of) => ({ do: 'acknowledge', peer: peerOf(draw, of) })),
  draft(2, 'peers', (draw, of) => ({ do: 'rubbish', peer: peerOf(draw, of), which: draw.below(16) })),

  draft(10, 'statements', (draw, of) => ({
    do: 'fail',
    site: siteOf(draw, of),
    method: draw.oneOf(methods),
    times: 1 + draw.below(3),
    effect: draw.oneOf<'none' | 'before' | number>(['none', 'before', 1 + draw.below(50), draw.below(8_000)]),
  })),
  draft(4, 'statements', (draw, of) => ({
    do: 'hang',
    site: siteOf(draw, of),
    method: draw.oneOf<Method | 'all'>([...methods, 'all']),
    for: span(draw, 8_000),
  })),
  draft(3, 'statements', (draw, of) => ({
    do: 'time out',
    site: siteOf(draw, of),
    method: draw.oneOf(methods),
    for: span(draw, 8_000),
  })),
  draft(2, 'statements', (draw, of) => ({ do: 'refuse', peer: peerOf(draw, of), for: span(draw, 10_000) })),

  draft(4, 'notifications', (draw, of) => ({
    do: 'deafen',
    site: siteOf(draw, of),
    channel: draw.oneOf(['heartbeat', 'peer', 'tunnel', 'all']),
    isTold: draw() < 0.5,
    for: span(draw, 15_000),
  })),
  draft(3, 'notifications', (draw, of) => ({ do: 'gap', site: siteOf(draw, of) })),
  draft(3, 'notifications', (draw, of) => ({
    do: 'break listening',
    site: siteOf(draw, of),
    how: draw.oneOf(['loudly', 'silently']),
  })),
  draft(3, 'notifications', (draw, of) => ({ do: 'repeat', site: siteOf(draw, of), for: span(draw, 20_000) })),
  draft(4, 'notifications', (draw, of) => ({
    do: 'delay',
    site: siteOf(draw, of),
    by: span(draw, 9_000),
    for: span(draw, 15_000),
  })),

  draft(4, 'outages', (draw, of) => ({
    do: 'cut',
    site: draw() < 0.3 ? 'all' : siteOf(draw, of),
    what: draw.oneOf(['statements', 'both', 'both']),
    for: draw() < 0.1 ? 60_000 : span(draw, 20_000),
  })),
  draft(6, 'pauses', (draw, of) => ({
    do: 'pause',
    site: siteOf(draw, of),
    for: draw() < 0.1 ? 40_000 : span(draw, 12_000),
    first: draw.oneOf(['timers', 'inputs']),
  })),
  draft(3, 'deaths', (draw, of) => ({ do: 'kill', site: siteOf(draw, of), downFor: span(draw, 15_000) })),
  draft(2, 'deaths', (draw, of) => ({ do: 'close', site: siteOf(draw, of), downFor: span(draw, 15_000) })),
  draft(3, 'deaths', (draw, of) => ({
    do: 'close hastily',
    site: siteOf(draw, of),
    fails: draw.below(3),
    downFor: span(draw, 15_000),
  })),
  draft(5, 'clocks', (draw, of) => ({
    do: 'set clock',
    site: siteOf(draw, of),
    by: (draw() < 0.5 ? -1 : 1) * span(draw, 3_600_000),
  })),

  draft(3, 'hands', (draw, of) => ({ do: 'delete peer', peer: peerOf(draw, of) })),
  draft(3, 'hands', (draw, of) => ({ do: 'delete tunnels', peer: peerOf(draw, of) })),
  draft(2, 'hands', (draw, of) => ({ do: 'delete coordinator', site: siteOf(draw, of) })),
  draft(1, 'hands', () => ({ do: 'truncate' })),
  draft(2, 'hands', (draw, of) => ({ do: 'poison', peer: peerOf(draw, of) })),
  draft(3, 'hands', () => ({ do: 'back up' })),
  draft(2, 'hands', () => ({ do: 'restore' })),
  draft(2, 'hands', () => ({ do: 'clean' })),
];

/**
 * Makes a plan from a seed. Half of the plans have one kind of trouble or none, where much can be said for certain; the
 * others mix them freely.
 */
export const draftPlan = (seed: number): Plan => {
  const draw = chance(seed);
  const chosen = chooseFamilies(draw);
  const peers = draw.oneOf([4, 8, 8, 12, 24]);
  const dimensions = { peers, coordinators: 2 + draw.below(4) };
  // Where an outage is all that is wrong, and the same for all, nobody may be called lost for it.
  const isOneForAll = chosen.size === 1 && chosen.has('outages') && draw() < 0.5;
  const fitting = drafts.filter(({ family }) => family === 'peers' || (chosen.has(family) && !isOneForAll));
  const phases = 1 + draw.below(3);
  // Where nothing is lost without a sign, all must come right without the rolling check, in half of the plans.
  const isAlwaysTold = !chosen.has('hands') && draw() < 0.5;
  return {
    seed,
    ...dimensions,
    latency: draw.oneOf([0, 5, 20, 20, 200]),
    clocks: Array.from({ length: dimensions.coordinators }, () =>
      chosen.has('clocks') ? draw.below(200_000) - 100_000 : 0,
    ),
    batch: draw.oneOf([2, 7, 500]),
    authTime: draw.oneOf([0, 0, 0, 30, 1_000]),
    reusesIds: draw() < 0.3,
    areLoyal: draw() < 0.7,
    rollingCheck: isAlwaysTold ? 600_000 : 20_000,
    phases: Array.from({ length: phases }, () =>
      draftPhase(draw, fitting, dimensions, isOneForAll ? outageForAll(draw, dimensions) : []).map((step) =>
        isAlwaysTold && step.do === 'deafen' ? { ...step, isTold: true } : step,
      ),
    ),
  };
};

const chooseFamilies = (draw: Chance): ReadonlySet<Family> => {
  const kinds = draw();
  if (kinds < 0.15) return new Set();
  if (kinds < 0.5) return new Set([draw.oneOf(families)]);
  return new Set(families.filter(() => draw() < 0.5));
};

/**
 * Nobody can write a heartbeat for about as long as others wait for one. It comes when nothing of the beginning makes a
 * difference any more (`calmBefore` in perform.ts).
 */
const outageForAll = (draw: Chance, dimensions: Dimensions): readonly Step[] => {
  const [at, lasts] = [10_500 + draw.below(10_000), 4_000 + draw.below(5_000)];
  return [
    { at, do: 'cut', site: 'all', what: draw.oneOf(['statements', 'both']), for: lasts },
    // A phase ends with its last step.
    { at: at + lasts + 5_000, do: 'publish', peer: peerOf(draw, dimensions), times: 1 },
  ];
};

/** Everybody who is in it comes at the beginning; then much happens at once, and little in between. */
const draftPhase = (
  draw: Chance,
  fitting: readonly Draft[],
  dimensions: Dimensions,
  certain: readonly Step[],
): readonly Step[] => {
  const length = draw.oneOf([3_000, 15_000, 40_000]);
  const moments = Array.from({ length: 4 }, () => draw.below(length));
  const when = (): number =>
    draw() < 0.5 ? draw.oneOf(moments) + draw.below(draw.oneOf([1, 30, 300])) : draw.below(length);
  const total = fitting.reduce((sum, { weight }) => sum + weight, 0);
  const arrivals: Step[] = Array.from({ length: dimensions.peers }, (_, peer) => ({
    at: draw.below(500),
    do: 'connect',
    peer,
    to: siteOf(draw, dimensions),
    node: 'new',
    tunnels: tunnelsFrom(draw, dimensions),
  }));
  const happenings = Array.from({ length: 20 + draw.below(120) }, () => ({
    ...drawDraft(draw, fitting, total).draw(draw, dimensions),
    at: 500 + when(),
  }));
  return [...arrivals.filter(() => draw() < 0.8), ...happenings, ...certain].sort((a, b) => a.at - b.at);
};

const drawDraft = (draw: Chance, fitting: readonly Draft[], total: number): Draft => {
  let left = draw() * total;
  for (const candidate of fitting) if ((left -= candidate.weight) < 0) return candidate;
  throw new RangeError('there is nothing to draw');
};

function draft(weight: number, family: Draft['family'], draw: Draft['draw']): Draft {
  return { weight, family, draw };
}
