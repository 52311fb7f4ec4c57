/**
 * Milliseconds that anything may take, on a slow machine. It says nothing of how long it should, which the names of the
 * tests tell of the machine they ran on. Where something else would put right by then what was missed, a test must ask
 * for the cause, too.
 */
export const patience = 30_000;
