import type { Uuid } from '../../src/db/store.js';
import type { Chance } from '../support/chance.js';
import type { Link, Site, World } from './world.js';

export interface ScenarioOptions {
  readonly peers: readonly Uuid[];
  readonly steps: number;
  /** Whether databases fail, stall and lose notifications, and coordinators are killed. */
  readonly faults: boolean;
}

/**
 * Does things at random. Yields the milliseconds that are to pass before it goes on. It leaves the world without faults
 * and without anybody who is not ready.
 */
export function* scenario(
  world: World,
  chance: Chance,
  { peers, steps, faults }: ScenarioOptions,
): Generator<number, void, void> {
  const undo = new Set<() => void>();

  const someLink = (): Link | undefined => {
    const links = world.links();
    return links.length > 0 ? chance.oneOf(links) : undefined;
  };
  const withLink = (act: (link: Link) => void): void => {
    const link = someLink();
    if (link !== undefined) act(link);
  };
  const other = (peerId: Uuid): Uuid => chance.oneOf(peers.filter((id) => id !== peerId));

  /** A site to which this peer has no forgotten connection: such a one would come to life again. */
  const siteFor = (peerId: Uuid): Site | undefined => {
    const taken = new Set(
      [...world.halfOpen].filter(({ session }) => session.peerId === peerId).map(({ site }) => site),
    );
    const free = world.sites.filter((site) => !taken.has(site));
    return free.length > 0 ? chance.oneOf(free) : undefined;
  };

  const connect = (peerId: Uuid): Link | undefined => {
    const site = siteFor(peerId);
    if (site === undefined) return undefined;
    const link = world.connect(peerId, site);
    if (chance() < 0.8) world.update(link);
    if (chance() < 0.5) world.addTunnel(link, other(peerId));
    return link;
  };

  /** What is taken back then may be written so late that it undoes what is said meanwhile elsewhere. */
  const isUpset = (): boolean => undo.size > 0;

  /** Makes something go wrong for a while. */
  const upset = (what: string, begin: () => () => void): void => {
    world.note(what);
    undo.add(begin());
  };

  const actions: readonly (readonly [weight: number, act: () => void])[] = [
    [20, () => void connect(chance.oneOf(peers))],
    [
      25,
      () => {
        withLink(world.update);
      },
    ],
    [
      15,
      () => {
        withLink((link) => {
          world.addTunnel(link, other(link.session.peerId));
        });
      },
    ],
    [
      8,
      () => {
        withLink((link) => {
          if (isUpset()) return;
          const tunnels = [...world.oracle.tunnelsOf(link.session.peerId)];
          if (tunnels.length > 0) world.removeTunnel(link, chance.oneOf(tunnels));
        });
      },
    ],
    [
      6,
      () => {
        if (!isUpset()) withLink(world.sayGoodbye);
      },
    ],
    [
      10,
      () => {
        withLink(world.drop);
      },
    ],
    [
      6,
      () => {
        for (const link of world.halfOpen) world.drop(link);
      },
    ],
    [
      6,
      () => {
        withLink((link) => {
          world.note(`${world.nameOfPeer(link.session.peerId)} is not ready`);
          link.ready$.next(false);
        });
      },
    ],
    [
      6,
      () => {
        for (const { ready$ } of world.links()) ready$.next(true);
      },
    ],
    [
      5,
      () => {
        // Drops, is back elsewhere at once, and says goodbye before anybody can have noticed.
        withLink((link) => {
          if (isUpset()) return;
          const { peerId } = link.session;
          world.drop(link);
          const again = connect(peerId);
          if (again !== undefined) world.sayGoodbye(again);
        });
      },
    ],
  ];

  const faultyActions: typeof actions = [
    [
      1,
      () => {
        for (const { wire } of world.sites) wire.faults.gap();
      },
    ],
    [
      3,
      () => {
        chance.oneOf(world.sites).wire.faults.failNext('writeBindings', 1 + chance.below(2));
      },
    ],
    [
      3,
      () => {
        chance.oneOf(world.sites).wire.faults.failAfterEffect('writeBindings');
      },
    ],
    [
      3,
      () => {
        chance.oneOf(world.sites).wire.faults.failAfterEffect('writeTunnels');
      },
    ],
    [
      3,
      () => {
        chance.oneOf(world.sites).wire.faults.failNext('readBindings');
      },
    ],
    [
      2,
      () => {
        const { faults: switches } = chance.oneOf(world.sites).wire;
        upset('notifications are lost', () => switches.dropNotifications((channel) => !channel.includes('heartbeat')));
      },
    ],
    [
      2,
      () => {
        const { faults: switches } = chance.oneOf(world.sites).wire;
        upset('a database is away', () => {
          switches.goAway();
          return () => {
            switches.comeBack();
          };
        });
      },
    ],
  ];

  const all = faults ? [...actions, ...faultyActions] : actions;
  const total = all.reduce((sum, [weight]) => sum + weight, 0);
  const act = (): void => {
    let draw = chance() * total;
    for (const [weight, action] of all) {
      draw -= weight;
      if (draw >= 0) continue;
      action();
      return;
    }
  };

  const calm = (): void => {
    for (const end of undo) end();
    undo.clear();
  };

  for (let step = 0; step < steps; step++) {
    act();
    // Often at once, mostly soon, now and then after everything has settled. Away for long, a coordinator is unhealthy.
    const long = undo.size > 0 ? 200 : 3_000;
    yield chance() < 0.5 ? 0 : chance() < 0.9 ? chance.below(100) : chance.below(long);
    if (chance() < 0.2) calm();
    if (chance() < 0.01) {
      calm();
      world.close(chance.oneOf(world.sites));
    }
    if (faults && chance() < 0.02) {
      // Only what was written before can be known afterwards.
      calm();
      yield 5_000;
      world.kill(chance.oneOf(world.sites));
    }
  }
  calm();
  for (const link of [...world.halfOpen]) world.drop(link);
  for (const { ready$ } of world.links()) ready$.next(true);
}
