import type { Milestone } from './milestone.js';

/** What a peer knows of another one, and what is waited for. */
export interface Acquaintance {
  readonly peer: number;
  /** The newest `preferred_derp` that was read; 0 before the first. */
  version: number;
  /** The version that `seen` waits for. */
  awaited: number;
  seen: Milestone | undefined;
  lost: Milestone | undefined;
}

export const newAcquaintance = (peer: number): Acquaintance => ({
  peer,
  version: 0,
  awaited: 0,
  seen: undefined,
  lost: undefined,
});
