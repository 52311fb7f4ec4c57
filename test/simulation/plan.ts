import type { Method } from '../../src/testing/index.js';

/** All that happens in one simulation, as plain data: it can be shortened, stored and run again. */
export interface Plan {
  /** Draws everything that is left open: latencies, jitter. */
  readonly seed: number;
  readonly peers: number;
  readonly coordinators: number;
  /** How long statements and notifications take at most, in milliseconds. */
  readonly latency: number;
  /** How far each coordinator's clock is ahead, in milliseconds. */
  readonly clocks: readonly number[];
  /** Keys in one statement, and updates in one response. */
  readonly batch: number;
  /** In which time everything is looked at without a reason, in milliseconds. */
  readonly rollingCheck: number;
  /** Milliseconds that an authorisation takes at most. */
  readonly authTime: number;
  /** Whether the coordinators of a site all have the same id, one after the other. */
  readonly reusesIds: boolean;
  /** Whether peers connect again, with all they had, when a coordinator ends them. */
  readonly areLoyal: boolean;
  /** Each is followed by a calm in which everything must come right. */
  readonly phases: readonly (readonly Step[])[];
}

/** What happens, and how many milliseconds after the beginning of its phase. */
export type Step = Action & { readonly at: number };

/** Peers and coordinators are meant by their numbers. What is impossible when its time comes is left out. */
export type Action = PeerAction | FaultAction | OperatorAction;

export type PeerAction =
  | {
      readonly do: 'connect';
      readonly peer: number;
      readonly to: number;
      /** Nothing, what it said last, or something new. */
      readonly node: 'none' | 'same' | 'new';
      readonly tunnels: readonly number[];
    }
  /** Publishes `times` nodes in a row. */
  | { readonly do: 'publish'; readonly peer: number; readonly times: number }
  /** Publishes the same node, composed later. */
  | { readonly do: 'refresh'; readonly peer: number }
  | { readonly do: 'open'; readonly peer: number; readonly other: number }
  | { readonly do: 'shut'; readonly peer: number; readonly which: number }
  /**
   * Opens a tunnel, shuts it, opens it again and so on, each after `every` milliseconds, while notifications reach its
   * coordinator late by `by`, for `for` milliseconds.
   */
  | {
      readonly do: 'flap';
      readonly peer: number;
      readonly other: number;
      readonly times: number;
      readonly every: number;
      readonly by: number;
      readonly for: number;
    }
  /** Shuts a tunnel, and another peer opens one to the same other in that moment. */
  | { readonly do: 'hand over'; readonly peer: number; readonly which: number; readonly to: number }
  | { readonly do: 'leave'; readonly peer: number }
  /** Its connection breaks, and its coordinator knows. */
  | { readonly do: 'drop'; readonly peer: number }
  /** Its connection breaks, and its coordinator does not know. */
  | { readonly do: 'vanish'; readonly peer: number }
  /** Coordinators notice all connections that broke. */
  | { readonly do: 'notice' }
  /** Drops, connects elsewhere, and says goodbye before anybody can have noticed. */
  | { readonly do: 'hop'; readonly peer: number; readonly to: number }
  /** Says goodbye and comes back elsewhere at once, while one of the two coordinators cannot hear of it. */
  | {
      readonly do: 'bounce';
      readonly peer: number;
      readonly to: number;
      readonly within: number;
      readonly trouble: 'none' | 'pause' | 'deafen';
      /** Which coordinator: where it was, or where it goes. */
      readonly where: 'from' | 'to';
      readonly for: number;
    }
  /**
   * Drops, connects elsewhere, and says goodbye there before its coordinator could write that it is lost: the statement
   * is done late, or there is no way to the database.
   */
  | {
      readonly do: 'outrun';
      readonly peer: number;
      readonly to: number;
      /** Milliseconds until the goodbye. */
      readonly after: number;
      readonly trouble: 'late' | 'cut';
      readonly for: number;
    }
  /** Takes nothing in for a while. */
  | { readonly do: 'stall'; readonly peer: number; readonly for: number }
  | { readonly do: 'acknowledge'; readonly peer: number }
  | { readonly do: 'rubbish'; readonly peer: number; readonly which: number };

export type FaultAction =
  /** The next statements fail: undone, done although nobody hears it, or done later. */
  | {
      readonly do: 'fail';
      readonly site: number;
      readonly method: Method;
      readonly times: number;
      readonly effect: 'none' | 'before' | number;
    }
  | { readonly do: 'hang'; readonly site: number; readonly method: Method | 'all'; readonly for: number }
  /** Statements take longer than anybody waits, and then fail. */
  | { readonly do: 'time out'; readonly site: number; readonly method: Method; readonly for: number }
  /** No way to the database, for one coordinator or for all; statements alone, or notifications, too. */
  | { readonly do: 'cut'; readonly site: number | 'all'; readonly what: 'statements' | 'both'; readonly for: number }
  /** Notifications are lost, and nobody is told; or everybody is, at the end. */
  | {
      readonly do: 'deafen';
      readonly site: number;
      readonly channel: 'heartbeat' | 'peer' | 'tunnel' | 'all';
      readonly isTold: boolean;
      readonly for: number;
    }
  | { readonly do: 'gap'; readonly site: number }
  /** Its connection for notifications breaks; or nothing comes over it any more, until it listens anew. */
  | { readonly do: 'break listening'; readonly site: number; readonly how: 'loudly' | 'silently' }
  | { readonly do: 'repeat'; readonly site: number; readonly for: number }
  /** Notifications are late: each channel by its own time, so that they overtake each other. */
  | { readonly do: 'delay'; readonly site: number; readonly by: number; readonly for: number }
  | { readonly do: 'pause'; readonly site: number; readonly for: number; readonly first: 'timers' | 'inputs' }
  /** Nothing that this peer publishes is taken by the database. */
  | { readonly do: 'refuse'; readonly peer: number; readonly for: number }
  | { readonly do: 'set clock'; readonly site: number; readonly by: number };

export type OperatorAction =
  | { readonly do: 'kill'; readonly site: number; readonly downFor: number }
  | { readonly do: 'close'; readonly site: number; readonly downFor: number }
  /** Everybody there publishes, the statement with it fails so many times, and the coordinator closes: all in one moment. */
  | { readonly do: 'close hastily'; readonly site: number; readonly fails: number; readonly downFor: number }
  | { readonly do: 'delete peer'; readonly peer: number }
  | { readonly do: 'delete tunnels'; readonly peer: number }
  | { readonly do: 'delete coordinator'; readonly site: number }
  | { readonly do: 'truncate' }
  /** Puts a node that is none in the place of a peer's. */
  | { readonly do: 'poison'; readonly peer: number }
  | { readonly do: 'back up' }
  /** Puts the rows of the last backup in the place of all: a fail-over to a replica that was behind. */
  | { readonly do: 'restore' }
  /** A day passes for what is lost, and for coordinators that are gone; then everything is cleaned. */
  | { readonly do: 'clean' };

/** What befalls a peer or a coordinator, in words. */
export const describeAction = (action: Action): string => {
  const { do: what, at: _at, ...rest } = action as Step;
  return [what, ...Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value)}`)].join(' ');
};
