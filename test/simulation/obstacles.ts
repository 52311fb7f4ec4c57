import type { Action } from './plan.js';
import type { World } from './world.js';

/** Says why an action cannot be done now, or does nothing now; undefined if it can. To be asked of each, in order. */
export const createObstacles = (world: World): ((action: Action) => string | undefined) => {
  let hasBackup = false;

  const ofSite = (index: number): string | undefined => {
    const state = world.sites[index]?.state ?? 'not there';
    return state === 'up' ? undefined : `c${index} is ${state}`;
  };

  const ofPeer = (peer: number): string | undefined =>
    world.peers[peer]?.link === undefined ? `peer ${peer} is not connected` : undefined;

  const ofPause = (index: number): string | undefined =>
    world.sites[index]?.process.isPaused === true ? `c${index} is paused` : undefined;

  const siteOf = (peer: number): number | undefined => world.peers[peer]?.link?.site.index;

  const hasTunnel = (peer: number): boolean =>
    (world.peers[peer]?.tunnels.size ?? 0) > 0 || [...world.truth.tunnelsOf(peer)].length > 0;

  const knowsSomebody = (peer: number): boolean =>
    [...(world.peers[peer]?.link?.witness.known.values() ?? [])].some(({ kind }) => kind !== 'gone');

  const isHeld = (peer: number): boolean => {
    const row = world.database.rows.peers(world.idOf(peer))[0];
    return row !== undefined && world.liveIds().has(row.coordinatorId);
  };

  return (action) => {
    switch (action.do) {
      case 'connect':
        return ofSite(action.to);
      case 'publish':
      case 'leave':
      case 'drop':
      case 'vanish':
      case 'hop':
      case 'stall':
      case 'rubbish':
        return ofPeer(action.peer);
      case 'bounce':
      case 'outrun':
        return ofPeer(action.peer) ?? unless(siteOf(action.peer) !== action.to, `it is at c${action.to} already`);
      case 'refresh':
        return ofPeer(action.peer) ?? unless(world.peers[action.peer]?.derp !== 0, 'it has published nothing');
      case 'open':
      case 'flap':
        return unless(action.peer !== action.other, 'no tunnel leads to oneself') ?? ofPeer(action.peer);
      case 'shut':
        return ofPeer(action.peer) ?? unless(hasTunnel(action.peer), 'it has no tunnel');
      case 'hand over':
        return ofPeer(action.peer) ?? ofPeer(action.to) ?? unless(hasTunnel(action.peer), 'it has no tunnel');
      case 'acknowledge':
        return ofPeer(action.peer) ?? unless(knowsSomebody(action.peer), 'it sees nobody');
      case 'notice':
        return unless(world.halfOpen.size > 0, 'every broken connection is known');
      case 'fail':
      case 'hang':
      case 'time out':
      case 'deafen':
      case 'gap':
      case 'break listening':
      case 'repeat':
      case 'delay':
      case 'set clock':
      case 'kill':
      case 'delete coordinator':
        return ofSite(action.site);
      case 'pause':
      case 'close':
      case 'close hastily':
        return ofSite(action.site) ?? ofPause(action.site);
      case 'cut':
        if (action.site !== 'all') return ofSite(action.site);
        return unless(world.liveIds().size > 0, 'no coordinator is up');
      case 'poison':
        return unless(isHeld(action.peer), 'no live coordinator has a row of it');
      case 'back up':
        hasBackup = true;
        return undefined;
      case 'restore':
        return unless(hasBackup, 'there is no backup');
      default:
        return undefined;
    }
  };
};

const unless = (isPossible: boolean, obstacle: string): string | undefined => (isPossible ? undefined : obstacle);
