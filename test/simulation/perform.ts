import { StoreError } from '../../src/db/store.js';
import { channels } from '../../src/db/bus.js';
import type { Backup } from '../../src/testing/memory/rows.js';
import type { Undo } from '../../src/testing/faults/faults.js';
import type { Action, FaultAction, OperatorAction } from './plan.js';
import type { Site } from './site.js';
import type { World } from './world.js';

/** What lasts, and must be over before a calm. */
export interface Performance {
  /** Does what a plan says. What is impossible now is left out. */
  perform(action: Action): void;
  /** Ends all that lasts. */
  end(): void;
}

const day = 25 * 3_600 * 1_000_000;

/** Acts out a plan in a world. */
export const createPerformance = (world: World): Performance => {
  const { database, judge, truth } = world;
  const lasting = new Set<Undo>();
  let backup: Backup | undefined;
  /** How many phases have ended: what is still to be done of one is left out in its calm. */
  let calms = 0;

  const siteAt = (index: number): Site | undefined => world.sites[index];

  /** Something lasts for a while, and disturbs these coordinators as long. */
  const last = (sites: readonly Site[], milliseconds: number, begin: () => Undo): void => {
    const ends = sites.map((site) => world.disturb(site));
    const undo = begin();
    const end = (): void => {
      if (!lasting.delete(end)) return;
      undo();
      for (const settle of ends) settle();
    };
    lasting.add(end);
    world.after(milliseconds, end);
  };

  /** Something is over at once, and may have effects for a moment. */
  const moment = (site: Site, what: () => void): void => {
    last([site], 3_000, () => {
      what();
      return () => undefined;
    });
  };

  const byHand = (what: () => void): void => {
    last(
      world.sites.filter(({ state }) => state === 'up'),
      3_000,
      () => () => undefined,
    );
    world.tampered();
    what();
  };

  /** Makes these rows a day older: no row of anybody who is there. */
  const age = (rows: Backup): Backup => {
    const live = world.liveIds();
    return {
      coordinators: rows.coordinators.map((row) =>
        live.has(row.id) ? row : { ...row, heartbeatAt: row.heartbeatAt - day },
      ),
      peers: rows.peers.map((row) => (row.status === 'lost' ? { ...row, updatedAt: row.updatedAt - day } : row)),
      tunnels: rows.tunnels.map((row) => ({ ...row, updatedAt: row.updatedAt - day })),
    };
  };

  const perform = (action: Action): void => {
    switch (action.do) {
      case 'connect': {
        const site = siteAt(action.to);
        if (site !== undefined) world.connect(action.peer, site, action.node, action.tunnels);
        return;
      }
      case 'publish':
        for (let time = 0; time < action.times; time++) world.publish(action.peer);
        return;
      case 'refresh':
        world.refresh(action.peer);
        return;
      case 'open':
        world.open(action.peer, action.other);
        return;
      case 'shut':
        world.shut(action.peer, action.which);
        return;
      case 'flap': {
        const { peer, other, times, every } = action;
        const [link, phase] = [world.peers[peer]?.link, calms];
        if (link === undefined) return;
        if (action.by > 0) disturb({ do: 'delay', site: link.site.index, by: action.by, for: action.for });
        for (let time = 0; time < times; time++) {
          world.after(time * every, () => {
            if (calms !== phase || world.peers[peer]?.link !== link) return;
            if (time % 2 === 0) world.open(peer, other);
            else world.part(peer, other);
          });
        }
        return;
      }
      case 'hand over': {
        const other = world.shut(action.peer, action.which);
        if (other !== undefined) world.open(action.to, other);
        return;
      }
      case 'leave':
        world.leave(action.peer);
        return;
      case 'drop': {
        const link = world.peers[action.peer]?.link;
        if (link !== undefined) world.drop(link);
        return;
      }
      case 'vanish':
        world.vanish(action.peer);
        return;
      case 'notice':
        for (const link of [...world.halfOpen]) world.drop(link);
        return;
      case 'hop': {
        const link = world.peers[action.peer]?.link;
        const site = siteAt(action.to);
        if (link === undefined || site === undefined) return;
        world.drop(link);
        world.connect(action.peer, site, 'new', []);
        world.leave(action.peer);
        return;
      }
      case 'bounce': {
        const link = world.peers[action.peer]?.link;
        const site = siteAt(action.to);
        if (link === undefined || site === undefined || site === link.site) return;
        const tunnels = [...(world.peers[action.peer]?.tunnels ?? [])];
        world.leave(action.peer);
        world.after(action.within, () => {
          // It may have come back in another way.
          if (world.peers[action.peer]?.link === undefined) world.connect(action.peer, site, 'new', tunnels);
        });
        const troubled = action.where === 'from' ? link.site.index : action.to;
        if (action.trouble === 'pause') disturb({ do: 'pause', site: troubled, for: action.for, first: 'inputs' });
        if (action.trouble === 'deafen')
          disturb({ do: 'deafen', site: troubled, channel: 'all', isTold: true, for: action.for });
        return;
      }
      case 'outrun': {
        const link = world.peers[action.peer]?.link;
        const site = siteAt(action.to);
        if (link === undefined || site === undefined || site === link.site) return;
        const tunnels = [...(world.peers[action.peer]?.tunnels ?? [])];
        const { index } = link.site;
        if (action.trouble === 'cut') disturb({ do: 'cut', site: index, what: 'both', for: action.for });
        else disturb({ do: 'fail', site: index, method: 'writeBindings', times: 1, effect: action.for });
        world.drop(link);
        world.connect(action.peer, site, 'new', tunnels);
        const [next, phase] = [world.peers[action.peer]?.link, calms];
        world.after(action.after, () => {
          // It may have gone in another way.
          if (calms === phase && world.peers[action.peer]?.link === next) world.leave(action.peer);
        });
        return;
      }
      case 'stall':
        last([], action.for, () => world.stall(action.peer));
        return;
      case 'acknowledge':
        world.acknowledge(action.peer);
        return;
      case 'rubbish':
        world.rubbish(action.peer, action.which);
        return;
      default:
        disturb(action);
    }
  };

  const disturb = (action: FaultAction | OperatorAction): void => {
    switch (action.do) {
      case 'fail':
        withSite(action.site, (site) => {
          const { faults } = site.database;
          last([site], 12_000, () => {
            const { method, times, effect } = action;
            if (effect === 'none') faults.failNext(method, times);
            else if (effect === 'before') faults.failAfterEffect(method, times);
            else {
              judge.mayGoBack();
              faults.failBeforeEffect(effect, method, times);
            }
            return () => undefined;
          });
        });
        return;
      case 'hang':
        withSite(action.site, (site) => {
          last([site], action.for, () =>
            site.database.faults.hang(action.method === 'all' ? undefined : action.method),
          );
        });
        return;
      case 'time out':
        withSite(action.site, (site) => {
          last([site], action.for, () => {
            const letGo = site.database.faults.hang(action.method);
            return () => {
              site.database.faults.breakOff();
              letGo();
            };
          });
        });
        return;
      case 'cut':
        cut(action.site === 'all' ? world.sites : world.sites.filter(({ index }) => index === action.site), action);
        return;
      case 'deafen':
        withSite(action.site, (site) => {
          const { faults } = site.database;
          const channel = action.channel === 'all' ? undefined : channels[action.channel];
          if (!action.isTold) judge.mayBeSlow();
          last([site], action.for, () => {
            const hear = faults.dropNotifications((heard) => channel === undefined || heard === channel);
            return () => {
              hear();
              if (action.isTold) faults.gap();
            };
          });
        });
        return;
      case 'gap':
        withSite(action.site, (site) => {
          moment(site, () => {
            site.database.faults.gap();
          });
        });
        return;
      case 'break listening':
        withSite(action.site, (site) => {
          // Silence is noticed within the time that heartbeats may be late; then there is a wait, and all is read again.
          last([site], 10_000, () => {
            if (action.how === 'silently') site.gate.deafen();
            else site.gate.breakListening();
            // Nobody but the coordinator itself ends a silence.
            return () => undefined;
          });
        });
        return;
      case 'repeat':
        withSite(action.site, (site) => {
          last([site], action.for, () => site.database.faults.repeatNotifications());
        });
        return;
      case 'delay':
        withSite(action.site, (site) => {
          last([site], action.for, () => {
            site.lateness = action.by;
            return () => {
              site.lateness = 0;
            };
          });
        });
        return;
      case 'pause':
        withSite(action.site, (site) => {
          const { process } = site;
          if (process.isPaused) return;
          last([site], action.for, () => {
            process.pause();
            const goOn = world.standStill();
            return () => {
              process.resume(action.first);
              goOn();
            };
          });
        });
        return;
      case 'refuse':
        world.refused.add(action.peer);
        truth.refused(action.peer);
        last(world.sites, action.for, () => {
          const id = world.idOf(action.peer);
          return database.faults.failWhen((call) =>
            call.method === 'writeBindings' && call.args[1].some(({ peerId, kind }) => peerId === id && kind === 'node')
              ? refusal
              : undefined,
          );
        });
        return;
      case 'set clock':
        withSite(action.site, (site) => {
          moment(site, () => {
            site.process.setClock(action.by);
          });
        });
        return;
      case 'kill':
        withSite(action.site, (site) => {
          world.kill(site, action.downFor);
        });
        return;
      case 'close':
        withSite(action.site, (site) => {
          world.close(site, action.downFor);
        });
        return;
      case 'close hastily':
        withSite(action.site, (site) => {
          if (site.process.isPaused) return;
          for (const [peer, { link }] of world.peers.entries()) if (link?.site === site) world.publish(peer);
          site.database.faults.failNext('writeBindings', action.fails);
          world.close(site, action.downFor);
        });
        return;
      case 'delete peer':
        byHand(() => {
          database.rows.deletePeer(world.idOf(action.peer));
        });
        return;
      case 'delete tunnels':
        byHand(() => {
          database.rows.deleteTunnels(world.idOf(action.peer));
        });
        return;
      case 'delete coordinator':
        withSite(action.site, ({ coordinator }) => {
          byHand(() => {
            database.rows.deleteCoordinator(coordinator.id);
          });
        });
        return;
      case 'truncate':
        byHand(() => {
          database.rows.restore();
        });
        return;
      case 'poison': {
        const row = database.rows.peers(world.idOf(action.peer))[0];
        if (row !== undefined && world.liveIds().has(row.coordinatorId)) {
          byHand(() => {
            database.rows.putPeer({ ...row, node: Uint8Array.of(255), updatedAt: row.updatedAt + 1 });
          });
          world.poisoned(action.peer);
          database.bus.publish(channels.peer, [row.peerId]).subscribe();
        }
        return;
      }
      case 'back up':
        backup = database.rows.backup();
        return;
      case 'restore':
        if (backup === undefined) return;
        byHand(() => {
          database.rows.restore(backup);
        });
        return;
      case 'clean':
        byHand(() => {
          database.rows.restore(age(database.rows.backup()));
          for (const clean of ['cleanCoordinators', 'cleanLostBindings', 'cleanTunnels'] as const) {
            database.store[clean]().subscribe();
          }
        });
        return;
    }
  };

  const withSite = (index: number, what: (site: Site) => void): void => {
    const site = siteAt(index);
    if (site?.state === 'up') what(site);
  };

  const cut = (sites: readonly Site[], { what, for: milliseconds }: { what: string; for: number }): void => {
    const isAllThatIsWrong =
      sites.length === world.sites.length &&
      sites.every(
        ({ state, disturbances, undisturbedSince }) =>
          state === 'up' && disturbances === 0 && world.now() - undisturbedSince > calmBefore,
      );
    for (const site of sites) {
      if (site.state !== 'up') continue;
      const { faults } = site.database;
      last([site], milliseconds, () => {
        if (what === 'statements') {
          return faults.failWhen(() => new StoreError('unavailable', 'there is no way to the database'));
        }
        faults.goAway();
        return () => {
          if (site.database.faults === faults && site.state !== 'down') faults.comeBack();
        };
      });
    }
    if (isAllThatIsWrong) world.beginCommonOutage(milliseconds);
  };

  return {
    perform,
    end: () => {
      calms += 1;
      for (const end of lasting) end();
      database.faults.recover();
      for (const { state, database: wire } of world.sites) if (state === 'up') wire.faults.recover();
    },
  };
};

/** Milliseconds after which what was wrong before makes no difference any more. */
const calmBefore = 10_000;

const refusal: StoreError = new StoreError('refused', 'the database does not like this peer');
