import { expect } from 'chai';
import { channels } from '../src/db/bus.js';
import { StoreError } from '../src/db/store.js';
import { encodeNode } from '../src/proto/node.js';
import {
  type MarblesContext,
  type MemoryDatabase,
  aNode,
  alice,
  bob,
  carol,
  eve,
  marbles,
  nameOf,
  north,
} from '../src/testing/index.js';
import { logbook } from './streams/support/logbook.js';
import { onTime } from './streams/support/onTime.js';
import { virtualPeer } from './support/virtualPeer.js';

/** The rows, in words: `alice@north ok`, `alice>bob@north`. */
const tables = ({ rows }: MemoryDatabase) => [
  ...rows.peers().map(({ peerId, coordinatorId, status }) => `${nameOf(peerId)}@${nameOf(coordinatorId)} ${status}`),
  ...rows.tunnels().map(({ src, dst, coordinatorId }) => `${nameOf(src)}>${nameOf(dst)}@${nameOf(coordinatorId)}`),
];

/** Alice at north and bob at south, each with a tunnel to the other, who know each other by 20 ms. */
const setUp = ({ createCoordinator, database, scheduler }: MarblesContext) => {
  // On the TestScheduler itself: with what it puts in the place of setInterval it fails, in the long run, when a timer is
  // cancelled in the very millisecond in which it is due.
  const [first, second] = [
    createCoordinator({ database: database.connect(), scheduler }),
    createCoordinator({ database: database.connect(), scheduler }),
  ];
  const at = onTime(scheduler);
  const [one, other] = [virtualPeer(first, alice), virtualPeer(second, bob)];
  at(10, () => {
    one.derp(1);
    other.derp(2);
    one.tunnel(bob);
    other.tunnel(alice);
  });
  at(20, () => {
    expect(one.heard.splice(0)).to.deep.equal(['bob NODE derp 2 (new)']);
    expect(other.heard.splice(0)).to.deep.equal(['alice NODE derp 1 (new)']);
  });
  return { one, other, second, at, faults: database.faults, rows: database.rows };
};

const everything = ['alice@north ok', 'bob@south ok', 'alice>bob@north', 'bob>alice@south'];

const hour = 3_600_000;

describe('a coordinator keeps', () => {
  it(
    'the tunnels of a peer that has published nothing, for longer than a day',
    marbles(
      ({ createCoordinator, database, scheduler }) => {
        const tuning = { heartbeatPeriod: hour / 4, heartbeatTimeout: 10_000 };
        const coordinator = createCoordinator({ database: database.connect(), scheduler, tuning });
        const at = onTime(scheduler);
        const [looking, seen] = [virtualPeer(coordinator, alice), virtualPeer(coordinator, bob)];
        at(10, () => {
          seen.derp(2);
          looking.tunnel(bob);
        });
        at(46 * hour, () => {
          expect(looking.heard).to.deep.equal(['bob NODE derp 2 (new)']);
          expect(tables(database)).to.have.members(['bob@north ok', 'alice>bob@north']);
        });
      },
      { until: 47 * hour },
    ),
  );

  it(
    'those of a peer whose only node the database refused, too',
    marbles(
      ({ createCoordinator, database, scheduler }) => {
        const wire = database.connect();
        const tuning = { heartbeatPeriod: hour / 4, heartbeatTimeout: 10_000, rollingCheckPeriod: 500 * hour };
        const coordinator = createCoordinator({ database: wire, scheduler, tuning });
        const at = onTime(scheduler);
        const [refused, seen] = [virtualPeer(coordinator, alice), virtualPeer(coordinator, bob)];
        wire.faults.failWhen((call) =>
          call.method === 'writeBindings' && call.args[1].some(({ peerId }) => peerId === alice)
            ? new StoreError('refused', 'no')
            : undefined,
        );
        at(10, () => {
          seen.derp(2);
          refused.tunnel(bob);
          refused.derp(1);
        });
        at(46 * hour, () => expect(refused.heard).to.deep.equal(['bob NODE derp 2 (new)']));
      },
      { until: 47 * hour },
    ),
  );
});

describe('a coordinator repairs', () => {
  it(
    'what a store that breaks once has not answered',
    marbles(({ createCoordinator, database, scheduler }) => {
      const { store, bus } = database.connect();
      let breaks = false;
      const readNeighbours: typeof store.readNeighbours = (peerIds) => {
        if (!breaks) return store.readNeighbours(peerIds);
        breaks = false;
        throw new Error('a bug');
      };
      const book = logbook();
      const broken = { store: { ...store, readNeighbours }, bus };
      const first = createCoordinator({ database: broken, scheduler, logger: book.logger });
      const second = createCoordinator({ database: database.connect(), scheduler });
      const at = onTime(scheduler);
      const other = virtualPeer(second, bob);
      at(10, () => {
        other.derp(2);
        for (const id of [alice, carol]) other.tunnel(id);
      });
      at(3000, () => {
        breaks = true;
        const peers = [virtualPeer(first, alice), virtualPeer(first, carol)];
        at(3100, () => {
          expect(peers.map(({ heard }) => heard)).to.deep.equal(peers.map(() => ['bob NODE derp 2 (new)']));
          expect(book.lines.filter((line) => line.startsWith('error'))).to.deep.equal([]);
        });
      });
    }),
  );

  it(
    'its rows when its own row was deleted by hand, with all that hung on it',
    marbles((context) => {
      const { one, other, at, rows } = setUp(context);
      at(5000, () => rows.deleteCoordinator(north));
      at(5001, () => expect(tables(context.database)).to.have.members(['bob@south ok', 'bob>alice@south']));
      at(9000, () => {
        expect(tables(context.database)).to.have.members(everything);
        // Nobody had looked meanwhile, so nobody was disturbed.
        expect([one.heard, other.heard]).to.deep.equal([[], []]);
      });
      at(9100, () => one.derp(3));
      at(9200, () => expect(other.heard).to.deep.equal(['alice NODE derp 3 (update)']));
    }),
  );

  it(
    'its rows when all rows were deleted by hand, and everybody ends up with what is true',
    marbles((context) => {
      const { one, other, at, rows, faults } = setUp(context);
      at(5000, () => {
        rows.restore();
        // Everybody looks at once, and finds nothing.
        faults.gap();
      });
      at(9000, () => expect(tables(context.database)).to.have.members(everything));
      at(10_000, () => {
        expect(one.heard.at(-1)).to.match(/^bob NODE derp 2/);
        expect(other.heard.at(-1)).to.match(/^alice NODE derp 1/);
      });
    }),
  );

  it(
    'writes that fail because its own row is gone',
    marbles((context) => {
      const { one, other, at, rows } = setUp(context);
      at(5000, () => rows.deleteCoordinator(north));
      at(5100, () => one.derp(3));
      at(6001, () => {
        expect(tables(context.database)).to.have.members(everything);
        expect(other.heard.at(-1)).to.match(/^alice NODE derp 3/);
      });
    }),
  );

  it(
    'what an older state of the tables lacks or has differently, after a fail-over',
    marbles((context) => {
      const { one, other, at, rows, faults } = setUp(context);
      let backup = rows.backup();
      at(100, () => (backup = rows.backup()));
      at(1000, () => {
        one.derp(7);
        one.tunnel(carol);
        other.derp(8);
      });
      at(5000, () => {
        faults.goAway();
        rows.restore(backup);
      });
      at(7000, () => faults.comeBack());
      at(9000, () => {
        expect(tables(context.database)).to.have.members([...everything, 'alice>carol@north']);
        expect(one.heard.at(-1)).to.match(/^bob NODE derp 8/);
        expect(other.heard.at(-1)).to.match(/^alice NODE derp 7/);
      });
    }),
  );

  it(
    'what an older state of the tables differs in although nothing told of it, within a rolling check',
    marbles(
      (context) => {
        const { one, other, at, rows } = setUp(context);
        let backup = rows.backup();
        at(100, () => (backup = rows.backup()));
        at(1000, () => one.derp(7));
        at(5000, () => rows.restore(backup));
        at(599_000, () => expect(other.heard).to.deep.equal(['alice NODE derp 7 (update)']));
        at(1_210_000, () => {
          expect(tables(context.database)).to.have.members(everything);
          expect(other.heard.at(-1)).to.match(/^alice NODE derp 7/);
          const [row] = rows.peers(alice);
          expect(row?.updatedAt).to.be.greaterThan(5_000_000);
        });
      },
      { until: 1_300_000 },
    ),
  );

  it(
    'rows of its own that nobody here answers for, by marking them lost',
    marbles((context) => {
      const { at, rows, one, faults } = setUp(context);
      at(100, () => one.tunnel(eve));
      at(1000, () => {
        const [row] = rows.peers(alice);
        rows.putPeer({ ...row!, peerId: eve });
        faults.gap();
      });
      at(3000, () => {
        expect(tables(context.database)).to.include('eve@north lost').and.to.include('alice@north ok');
      });
    }),
  );

  it(
    'a tunnel of a connected peer that somebody took away, when it hears of it',
    marbles((context) => {
      const { one, at, rows } = setUp(context);
      at(100, () => one.tunnel(carol));
      at(1000, () => {
        rows.deleteTunnels(alice, carol);
        context.database.bus.publish(channels.tunnel, [`${alice},${carol}`]).subscribe();
      });
      at(1100, () => expect(tables(context.database)).to.include('alice>carol@north'));
    }),
  );

  it(
    'what notifications would have told that were lost, once it knows that some were',
    marbles((context) => {
      const { one, other, at, faults } = setUp(context);
      at(1000, () => {
        const undo = faults.dropNotifications((channel) => channel !== channels.heartbeat);
        other.derp(3);
        other.tunnel(carol);
        other.removeTunnel(carol);
        context.scheduler.schedule(undo, 1);
      });
      at(5000, () => {
        expect(one.heard).to.deep.equal([]);
        faults.gap();
      });
      at(5131, () => expect(one.heard).to.deep.equal(['bob NODE derp 3 (update)']));
    }),
  );

  it(
    'what notifications would have told that were lost without a word, within a rolling check',
    marbles(
      (context) => {
        const { one, other, at, faults } = setUp(context);
        at(1000, () => {
          const undo = faults.dropNotifications((channel) => channel !== channels.heartbeat);
          other.goodbye();
          context.scheduler.schedule(undo, 1);
        });
        at(599_000, () => expect(one.heard).to.deep.equal([]));
        at(1_200_001, () => expect(one.heard).to.deep.equal(['bob DISCONNECTED (disconnected)']));
      },
      { until: 1_300_000 },
    ),
  );

  it(
    'a bus that is silently dead, by listening anew',
    marbles((context) => {
      const { one, other, at, faults } = setUp(context);
      at(1000, () => void faults.dropNotifications());
      at(1100, () => other.derp(3));
      // Its own heartbeats are not heard for 6 s; it listens again, and looks at everything.
      at(9000, () => expect(one.heard).to.deep.equal(['bob NODE derp 3 (update)']));
    }),
  );

  it(
    'what was written although it seemed to fail, whichever call it was',
    marbles((context) => {
      const { one, other, at, faults } = setUp(context);
      at(1000, () => {
        faults.failAfterEffect('writeBindings', 2);
        faults.failAfterEffect('writeTunnels', 2);
        one.derp(5);
        one.tunnel(carol);
      });
      at(1001, () => one.removeTunnel(bob));
      at(1002, () => other.removeTunnel(alice));
      at(4000, () => {
        expect(tables(context.database)).to.have.members(['alice@north ok', 'bob@south ok', 'alice>carol@north']);
        expect(other.heard).to.deep.equal(['alice NODE derp 5 (update)', 'alice DISCONNECTED (disconnected)']);
      });
    }),
  );

  it(
    'what it asked while the database hung, without asking twice',
    marbles((context) => {
      const { one, other, at, faults } = setUp(context);
      const asked: string[] = [];
      let letGo = (): void => {};
      at(1000, () => {
        letGo = faults.hang();
        faults.calls$.subscribe(({ method }) => asked.push(method));
        one.derp(3);
      });
      at(1001, () => one.derp(4));
      at(1500, () => letGo());
      at(1600, () => {
        expect(other.heard).to.deep.equal(['alice NODE derp 3 (update)', 'alice NODE derp 4 (update)']);
        expect(asked.filter((method) => method === 'writeBindings')).to.have.lengthOf(2);
      });
    }),
  );

  /** Alice opens a tunnel to carol at 100 ms; that seems to fail, is done once more, and done in truth at 3,100 ms. */
  const openedLate = (
    what: string,
    then: (stage: ReturnType<typeof setUp> & { readonly expectAlice: (...rows: readonly string[]) => void }) => void,
  ) =>
    it(
      what,
      marbles(
        (context) => {
          const stage = setUp(context);
          stage.at(100, () => {
            stage.faults.failBeforeEffect(3_000, 'writeTunnels');
            stage.one.tunnel(carol);
          });
          const expectAlice = (...rows: readonly string[]) =>
            expect(tables(context.database).filter((row) => row.startsWith('alice'))).to.have.members(rows);
          then({ ...stage, expectAlice });
        },
        { until: 660_000 },
      ),
    );

  openedLate('a tunnel that is opened after the goodbye that cleared it, by a write that seemed to fail', (stage) => {
    const { one, at, expectAlice } = stage;
    at(1_500, () => one.goodbye());
    at(2_500, () => {
      expectAlice();
    });
    at(3_200, () => {
      expectAlice('alice>carol@north');
    });
    at(25_000, () => {
      expectAlice();
    });
  });

  openedLate('such a tunnel, however long its goodbye and the check could not reach the database', (stage) => {
    const { one, faults, at, expectAlice } = stage;
    const away = new StoreError('unavailable', 'away');
    at(1_500, () => {
      const comeBack = faults.failWhen(({ method }) => (method.startsWith('write') ? away : undefined));
      one.goodbye();
      at(150_000, comeBack);
    });
    at(4_000, () => {
      const comeBack = faults.failWhen(({ method }) => (method.startsWith('readOwn') ? away : undefined));
      at(200_000, comeBack);
    });
    at(149_999, () => {
      expectAlice('alice@north ok', 'alice>bob@north', 'alice>carol@north');
    });
    at(220_000, () => {
      expectAlice();
    });
  });

  openedLate('such a tunnel, but minutes later nothing that somebody else brought back', (stage) => {
    const { one, rows, faults, at, expectAlice } = stage;
    at(1_500, () => one.goodbye());
    at(650_000, () => {
      const { tunnels, ...others } = rows.backup();
      rows.restore({ ...others, tunnels: [...tunnels, { coordinatorId: north, src: alice, dst: eve, updatedAt: 1 }] });
      faults.gap();
    });
    at(659_000, () => {
      expectAlice('alice>eve@north');
    });
  });

  openedLate('such a tunnel, but not the one that its source has left at another coordinator since', (stage) => {
    const { one, second, at, expectAlice } = stage;
    at(1_500, () => one.goodbye());
    at(2_000, () => {
      const moved = virtualPeer(second, alice);
      moved.derp(1);
      moved.tunnel(carol);
      at(2_600, () => moved.drop());
    });
    at(3_200, () => {
      expectAlice('alice@south lost', 'alice>carol@north', 'alice>carol@south');
    });
    at(25_000, () => {
      expectAlice('alice@south lost', 'alice>carol@south');
    });
  });

  openedLate(
    'nothing of what is opened late for a peer that was lost: its tunnels stay',
    ({ one, at, expectAlice }) => {
      at(1_500, () => one.drop());
      at(25_000, () => {
        expectAlice('alice@north lost', 'alice>bob@north', 'alice>carol@north');
      });
    },
  );

  it(
    'a removed tunnel that a restore brings back, also where its source had been before and was lost',
    marbles((context) => {
      const { one, second, at, rows, faults } = setUp(context);
      const carols = () => tables(context.database).filter((row) => row.startsWith('alice>carol'));
      const before = virtualPeer(second, alice);
      at(25, () => {
        before.derp(3);
        before.tunnel(carol);
      });
      at(100, () => before.drop());
      at(200, () => one.tunnel(carol));
      at(1_000, () => {
        const backup = rows.backup();
        expect(carols()).to.have.lengthOf(2);
        at(2_000, () => one.removeTunnel(carol));
        at(3_000, () => expect(carols()).to.deep.equal([]));
        at(4_000, () => {
          rows.restore(backup);
          faults.gap();
        });
      });
      at(30_000, () => expect(carols()).to.deep.equal([]));
    }),
  );

  it(
    'nothing that the database refuses: it says so, and serves all others',
    marbles(({ createCoordinator, database, scheduler }) => {
      const book = logbook();
      const coordinator = createCoordinator({ logger: book.logger });
      const at = onTime(scheduler);
      database.faults.failWhen((call) =>
        call.method === 'writeBindings' && call.args[1].some(({ peerId }) => peerId === eve)
          ? new StoreError('refused', 'nobody wants eve')
          : undefined,
      );
      const [bad, good] = [virtualPeer(coordinator, eve), virtualPeer(coordinator, alice)];
      at(10, () => {
        bad.derp(1);
        good.derp(1);
      });
      at(1000, () => {
        expect(tables(database)).to.deep.equal(['alice@north ok']);
        expect(book.lines).to.include('error binding given up');
        expect([bad.heard, good.heard]).to.deep.equal([[], []]);
      });
    }),
  );

  it(
    'everything after an hour of outages of every kind',
    marbles(
      (context) => {
        const { one, other, at, faults } = setUp(context);
        const kinds = [
          () => faults.goAway(),
          () => void faults.hang(),
          () => void faults.dropNotifications(),
          () => faults.failNext(undefined, 20),
          () => faults.failAfterEffect(undefined, 20),
        ];
        for (let round = 0; round < 60; round++) {
          const start = 60_000 * (round + 1);
          at(start, () => kinds[round % kinds.length]?.());
          // Short enough that nobody is sent away: two beats are missed at most.
          at(start + 100, () => {
            one.derp(100 + round);
            other.derp(200 + round);
          });
          at(start + 3000, () => faults.recover());
          at(start + 50_000, () => {
            const seen = [one, other].map(({ heard }) => /derp \d+/.exec(heard.at(-1) ?? '')?.[0]);
            expect(seen).to.deep.equal([`derp ${String(200 + round)}`, `derp ${String(100 + round)}`]);
            expect(tables(context.database)).to.have.members(everything);
          });
        }
        at(3_700_000, () => {
          for (const { heard } of [one, other]) {
            expect(heard.filter((words) => /error|end|DISCONNECTED/.test(words))).to.deep.equal([]);
          }
        });
      },
      { until: 3_800_000 },
    ),
  );
});

describe('a peer that moves from one coordinator to another', () => {
  it(
    'and takes tunnels back at one of them again and again does not lose what it opened at the other long after',
    marbles(
      ({ createCoordinator, database, scheduler }) => {
        const [first, second] = [
          createCoordinator({ database: database.connect(), scheduler }),
          createCoordinator({ database: database.connect(), scheduler }),
        ];
        const at = onTime(scheduler);
        const [here, there] = [virtualPeer(first, alice), virtualPeer(second, alice)];
        at(3000, () => there.derp(1));
        at(5000, () => here.derp(2));
        at(10_000, () => here.tunnel(bob));
        at(11_000, () => here.removeTunnel(bob));
        for (let time = 41_000; time < 290_000; time += 30_000) at(time, () => here.removeTunnel(carol));
        at(200_000, () => there.tunnel(bob));
        at(290_000, () => there.drop());
        at(295_000, () => {
          expect(database.rows.tunnels(alice).map(({ dst }) => nameOf(dst))).to.deep.equal(['bob']);
        });
      },
      { until: 300_000 },
    ),
  );

  for (const [what, befalls] of [
    ['is refused', new StoreError('refused', 'no')],
    ['waits for the database', undefined],
  ] as const) {
    it(
      `and takes a tunnel back, again while or after the repetition of that ${what}, does not keep it`,
      marbles(
        ({ createCoordinator, database, scheduler }) => {
          const wire = database.connect();
          const first = createCoordinator({ database: wire, scheduler });
          const second = createCoordinator({ database: database.connect(), scheduler });
          const at = onTime(scheduler);
          const node = encodeNode(aNode());
          const put = (status: 'ok' | 'lost') => {
            database.rows.putPeer({ peerId: alice, coordinatorId: second.id, status, updatedAt: 1000, node });
            if (status === 'lost') database.bus.publish(channels.peer, [alice]).subscribe();
          };
          const opens = () => {
            put('ok');
            const writes = { add: [{ src: alice, dst: bob }], remove: [], clear: [] };
            database.store.writeTunnels({ coordinatorId: second.id, expiry: 6000 }, writes).subscribe();
          };
          const one = virtualPeer(first, alice);
          at(3000, opens);
          at(3100, () => one.removeTunnel(bob));
          at(3200, () => {
            wire.faults.failNext('writeTunnels', 1, befalls);
            put('lost');
          });
          at(3230, opens);
          at(3240, () => one.removeTunnel(bob));
          at(8000, () => put('lost'));
          at(14_000, () => expect(database.rows.tunnels(alice)).to.deep.equal([]));
        },
        { until: 15_000 },
      ),
    );
  }

  const roaming = (name: string, body: (context: MarblesContext & ReturnType<typeof moved>) => void, options = {}) => {
    it(
      name,
      marbles((context) => body({ ...context, ...moved(context) }), options),
    );
  };

  /** Carol, at south, watches alice, who was at north and is at south from 1 s on; north has not noticed. */
  const moved = ({ createCoordinator, database, scheduler }: MarblesContext) => {
    const wire = database.connect();
    const first = createCoordinator({ database: wire, tuning: { unhealthySpread: 600_000 } });
    const second = createCoordinator();
    const at = onTime(scheduler);
    const [before, watcher] = [virtualPeer(first, alice), virtualPeer(second, carol)];
    at(10, () => {
      watcher.tunnel(alice);
      before.derp(1);
      before.tunnel(bob);
    });
    let now: ReturnType<typeof virtualPeer> | undefined;
    at(1000, () => {
      now = virtualPeer(second, alice);
      now.derp(2);
    });
    return {
      at,
      before,
      watcher,
      wire,
      now: () => now!,
      gone: () => expect(tables(database)).to.deep.equal(['carol>alice@south']),
    };
  };

  roaming(
    'is shown by its newest node, and not lost when the old connection breaks',
    ({ at, before, watcher, database }) => {
      at(2000, () => before.drop());
      at(3000, () => {
        expect(watcher.heard).to.deep.equal(['alice NODE derp 1 (new)', 'alice NODE derp 2 (update)']);
        expect(tables(database)).to.have.members([
          'alice@north lost',
          'alice@south ok',
          'alice>bob@north',
          'carol>alice@south',
        ]);
      });
    },
  );

  roaming(
    'and says goodbye is gone everywhere, when the loss at the first was known before',
    ({ at, before, watcher, now, gone }) => {
      at(2000, () => before.drop());
      at(3000, () => now().goodbye());
      at(3100, () => {
        gone();
        expect(watcher.heard.at(-1)).to.equal('alice DISCONNECTED (disconnected)');
      });
    },
  );

  roaming(
    'and says goodbye is gone everywhere, when the first notices the loss later',
    ({ at, before, watcher, now, gone, database }) => {
      at(3000, () => now().goodbye());
      at(8000, () => {
        // As far as anybody knows, alice lives at north.
        expect(tables(database)).to.include('alice@north ok').and.to.include('alice>bob@north');
      });
      at(9000, () => before.drop());
      at(9100, () => {
        gone();
        expect(watcher.heard.at(-1)).to.equal('alice DISCONNECTED (disconnected)');
      });
    },
  );

  roaming(
    'and says goodbye is gone everywhere, when the first coordinator dies later',
    ({ at, wire, watcher, now, gone }) => {
      at(3000, () => now().goodbye());
      at(9000, () => wire.faults.goAway());
      at(20_000, () => {
        gone();
        expect(watcher.heard.at(-1)).to.equal('alice DISCONNECTED (disconnected)');
      });
    },
  );

  roaming('and removes a tunnel has it removed everywhere, once the first notices', ({ at, before, now, database }) => {
    at(3000, () => {
      now().tunnel(bob);
      now().removeTunnel(bob);
    });
    at(9000, () => before.drop());
    at(9100, () => expect(database.rows.tunnels(alice)).to.deep.equal([]));
  });

  roaming(
    'and comes back to the first is not torn down by what it said at the second',
    ({ at, watcher, now, database }) => {
      at(3000, () => now().goodbye());
      at(9100, () => expect(tables(database)).to.include('alice@north ok'));
      at(50_000, () => {
        expect(watcher.heard.at(-1)).to.match(/^alice NODE/);
      });
    },
  );

  it(
    'causes no endless exchange of statements',
    marbles((context) => {
      const { at, before, now } = moved(context);
      at(3000, () => now().goodbye());
      at(9000, () => before.drop());
      const asked: string[] = [];
      at(12_000, () =>
        context.database.faults.calls$.subscribe(({ method }) => {
          if (!/heartbeat|readCoordinators/.test(method)) asked.push(method);
        }),
      );
      at(50_000, () => expect(asked).to.deep.equal([]));
    }),
  );
});
