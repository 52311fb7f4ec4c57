import { derpOf } from './expected.js';
import { peerNumberOf } from './names.js';
import type { Site } from './site.js';
import type { World } from './world.js';

/** Milliseconds after the last disturbance of a coordinator when nothing of it comes late any more. */
const calmBefore = 10_000;

/** Milliseconds for which a goodbye is remembered by who has taken it, and a little more. */
const goodbyesRemembered = 65_000;

/** What the rows must say of a coordinator that begins to close, and is not disturbed meanwhile; checked when it is called. */
export const willBeLost = (world: World, site: Site): (() => void) => {
  const { coordinator, undisturbedSince, disturbed } = site;
  const [began, tampered] = [world.now(), world.tamperings];
  // Its own closing is the one disturbance.
  const wasCalm = site.disturbances === 1 && began - undisturbedSince > calmBefore;
  // What somebody has changed by hand is found by the rolling check.
  const wasMended = began - world.tamperedAt > world.plan.rollingCheck + calmBefore;
  const posts = world.truth
    .openPosts()
    .filter(({ coordinatorId, derp }) => coordinatorId === coordinator.id && derp !== undefined)
    .map(({ peer, derp, isRefused }) => ({ peer, derp, isRefused }));
  return () => {
    if (!wasCalm || !wasMended || site.disturbed !== disturbed || world.tamperings !== tampered) return;
    const rows = world.database.rows.backup().peers.filter(({ coordinatorId }) => coordinatorId === coordinator.id);
    for (const { peerId } of rows.filter(({ status }) => status === 'ok'))
      world.judge.complain('nothing left', `c${site.index} has closed, and peer ${peerNumberOf(peerId)} is ok there`);
    for (const { peer, derp, isRefused } of posts) {
      if (
        isRefused ||
        world.refused.has(peer) ||
        world.ran() - (world.goodbyes.get(peer) ?? -Infinity) < goodbyesRemembered
      )
        continue;
      const row = rows.find(({ peerId }) => peerId === world.idOf(peer));
      const found = row === undefined ? 'no row' : `a row with derp ${derpOf(row)}`;
      if (row === undefined || derpOf(row) !== derp)
        world.judge.complain(
          'nothing left',
          `c${site.index} has closed, with ${found} of peer ${peer}, which last said ${derp}`,
        );
    }
  };
};
