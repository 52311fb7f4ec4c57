/** Milliseconds for what was accepted to be written, and for connections to the database to be given back. */
const writing = 12_500;

/** Milliseconds that the last peer may take to leave, by the default of `--close-timeout`. */
const leaving = 5000;

export interface DrainTimes {
  /** Milliseconds over which connections are ended. */
  readonly drainTime: number;
  readonly limits: {
    /** Milliseconds that a peer may take to let its connection end in order. */
    readonly closeTimeout?: number | undefined;
  };
}

/** Milliseconds after which a process that is to end does so, although it is not done. */
export function drainLimit({ drainTime, limits: { closeTimeout = leaving } }: DrainTimes): number {
  return drainTime + Math.max(leaving, closeTimeout) + writing;
}
