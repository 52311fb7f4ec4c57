import { defaultTuning } from '../../src/defaults.js';
import type { Health } from '../../src/api.js';
import type { Store, Uuid } from '../../src/db/store.js';
import type { Ending } from './gate.js';
import { peerNumberOf } from './names.js';
import type { Site, Vitals } from './site.js';
import type { World } from './world.js';

const { heartbeatPeriod, heartbeatTimeout, missedHeartbeats, unhealthySpread } = defaultTuning;
const expiry = missedHeartbeats * heartbeatPeriod;

/** Milliseconds between two looks at the heartbeats. */
export const checkPeriod = 500;

/** Watches how coordinators are, and what they ask of the database. */
export class SiteWatch {
  readonly #world: World;
  readonly #beats = new Map<Uuid, number>();

  constructor(world: World) {
    this.#world = world;
  }

  becomes(index: number, vitals: Vitals, health: Health): void {
    vitals.health = health;
    vitals.unhealthySince = health === 'unhealthy' ? this.#world.now() : Infinity;
    if (health === 'unhealthy' && vitals.failures < missedHeartbeats)
      this.#world.judge.complain(
        'unhealthy for a reason',
        `c${index}, after ${vitals.failures} heartbeats that failed`,
      );
  }

  beat(coordinatorId: Uuid): void {
    this.#beats.set(coordinatorId, this.#world.now());
  }

  /** Looks at the heartbeats: who is silent may be called lost, and none but who is disturbed may be silent. */
  check(): void {
    for (const site of this.#world.sites) {
      const { coordinator, index, state, disturbances, undisturbedSince } = site;
      const silence = this.#world.now() - (this.#beats.get(coordinator.id) ?? 0);
      if (silence >= expiry - checkPeriod && !this.#isOutageToBlame()) {
        for (const { peer, coordinatorId } of this.#world.truth.openPosts()) {
          if (coordinatorId === coordinator.id) this.#world.judge.mayBeLost(peer);
        }
      }
      const isUndisturbed = state === 'up' && disturbances === 0 && this.#world.now() - undisturbedSince > expiry;
      if (isUndisturbed && silence > 2 * heartbeatPeriod) {
        this.#world.judge.complain('heartbeats go on', `c${index} has been silent for ${silence} ms`);
      }
      this.#checkEvacuated(site);
    }
  }

  /** Nobody could write a heartbeat, or has had the time to write one since. */
  #isOutageToBlame(): boolean {
    const { commonOutage } = this.#world;
    return commonOutage !== undefined && this.#world.now() - commonOutage.endedAt < heartbeatPeriod + heartbeatTimeout;
  }

  /** A coordinator that is unhealthy sends everybody away. */
  #checkEvacuated(site: Site): void {
    const { vitals, process, index } = site;
    // While it stands still it cannot do anything; after that it has all the time again.
    if (process.isPaused && vitals.unhealthySince < Infinity) vitals.unhealthySince = this.#world.now();
    if (site.state !== 'up' || this.#world.now() - vitals.unhealthySince < 2 * unhealthySpread) return;
    const staying = this.#world.linksOf(site).filter(({ isOver, post }) => !isOver && post !== undefined);
    for (const { peer } of staying)
      this.#world.judge.complain(
        'unhealthy for a reason',
        `peer ${peer} is still connected to c${index}, which is unhealthy`,
      );
  }

  asked(site: Site, method: keyof Store, keys: number, peers: readonly Uuid[]): (how: Ending) => void {
    const { vitals, statements, tunnelWriters } = site;
    this.#world.counts.set(method, (this.#world.counts.get(method) ?? 0) + 1);
    if (keys > this.#world.plan.batch) this.#world.judge.complain('bounded work', `${method} with ${keys} keys`);
    const underWay = (statements.get(method) ?? 0) + 1;
    statements.set(method, underWay);
    if (underWay > (method === 'readBindings' ? 6 : 2)) {
      this.#world.judge.complain('bounded work', `${underWay} ${method} at a time at c${site.index}`);
    }
    for (const peer of peers) {
      if (method === 'writeTunnels') tunnelWriters.add(peer);
      else if (tunnelWriters.has(peer))
        this.#world.judge.complain(
          'lost last',
          `c${site.index} writes that peer ${peerNumberOf(peer)} is lost, and still its tunnels`,
        );
    }
    return (how) => {
      statements.set(method, (statements.get(method) ?? 1) - 1);
      if (method === 'writeTunnels') for (const peer of peers) tunnelWriters.delete(peer);
      if (method === 'heartbeat') vitals.failures = how === 'answered' ? 0 : vitals.failures + 1;
    };
  }

  checkNothingLeft({ index, process, statements }: Site): void {
    if (process.timers > 0) this.#world.judge.complain('nothing left', `c${index} has ${process.timers} timers`);
    for (const [method, count] of statements) {
      if (count > 0) this.#world.judge.complain('nothing left', `c${index} has ${count} ${method} under way`);
    }
  }
}
