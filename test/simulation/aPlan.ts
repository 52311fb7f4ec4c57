import type { Plan } from './plan.js';

/** A small plan for tests, in which nothing happens and nothing is wrong, but for what is given. */
export const aPlan = (given: Partial<Plan> = {}): Plan => ({
  ...{ seed: 7, peers: 3, coordinators: 2, latency: 0, clocks: [0, 0], batch: 7, rollingCheck: 20_000 },
  ...{ authTime: 0, reusesIds: false, areLoyal: false, phases: [] },
  ...given,
});
