/**
 * Milliseconds that anything may take. It says nothing of how long it should, which the names of the tests tell of the
 * machine they ran on: what is wrong would not come right by then, nor long after.
 */
export const patience = 30_000;
