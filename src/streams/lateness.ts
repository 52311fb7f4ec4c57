/** Milliseconds after which a statement that nobody waits for any more has ended, one way or the other. */
export const lateness = 10_000;
