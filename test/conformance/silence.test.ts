import { expect } from 'chai';
import { Subject, filter, map, merge, VirtualTimeScheduler } from 'rxjs';
import type { Coordinator, Health } from '../../src/api.js';
import { createCoordinator } from '../../src/coordinator.js';
import { channels } from '../../src/db/bus.js';
import type { Uuid } from '../../src/db/store.js';
import type { CoordinateRequest } from '../../src/proto/gen/tailnet.js';
import { encodeNode } from '../../src/proto/node.js';
import { requests } from '../../src/proto/requests.js';
import {
  aNode,
  alice,
  bob,
  carol,
  dave,
  describeUpdates,
  east,
  memoryDatabase,
  north,
  south,
  type MemoryDatabase,
} from '../../src/testing/index.js';

describe('silence, in virtual time', () => {
  let scheduler: VirtualTimeScheduler;
  let database: MemoryDatabase;
  let coordinator: Coordinator;

  beforeEach(() => {
    scheduler = new VirtualTimeScheduler();
    database = memoryDatabase({ scheduler });
    coordinator = createCoordinator({ database, id: north, scheduler, random: () => 0.5 });
  });

  afterEach(() => {
    void coordinator.close();
    passTo(scheduler.frame + 60_000);
  });

  /** Everything that is due until then, happens. */
  const passTo = (milliseconds: number): void => {
    scheduler.maxFrames = milliseconds;
    scheduler.flush();
    scheduler.frame = milliseconds;
  };

  /** A peer, and all that it was told, with the time. */
  const connect = (id: Uuid, options: { to?: Coordinator } = {}) => {
    const requests$ = new Subject<CoordinateRequest>();
    const told: string[] = [];
    let end = 'open';
    (options.to ?? coordinator).coordinate$(id, requests$).subscribe({
      next: (response) => {
        told.push(...describeUpdates(response).map((line) => `${String(scheduler.now())} ${line}`));
      },
      complete: () => (end = `closed at ${String(scheduler.now())}`),
    });
    return {
      requests$,
      told,
      end: () => end,
      updateDerp: (derp: number) => {
        requests$.next(requests.updateSelf(aNode({ of: id, derp })));
      },
      addTunnel: (other: Uuid) => {
        requests$.next(requests.addTunnel(other));
      },
    };
  };

  /** Another coordinator, as far as one can be seen through the database. */
  const fake = (coordinatorId: Uuid) => ({
    beat: () => {
      database.store.heartbeat(coordinatorId).subscribe();
    },
    node: (peerId: Uuid, derp: number) => {
      const node = encodeNode(aNode({ of: peerId, derp }));
      database.store.writeBindings({ coordinatorId, expiry: 6_000 }, [{ kind: 'node', peerId, node }]).subscribe();
    },
  });

  it('falls back from one coordinator to the next as they fall silent, and returns to one that is heard again', () => {
    const [second, third] = [fake(south), fake(east)];
    const agent = connect(alice);
    const client = connect(bob);
    agent.updateDerp(10);
    client.addTunnel(alice);
    client.updateDerp(11);
    passTo(100);
    const current = () => client.told.at(-1);
    expect(current()).to.match(/alice NODE derp 10 \(new\)/);
    expect(agent.told.at(-1)).to.match(/bob NODE derp 11/);

    second.beat();
    second.node(alice, 12);
    passTo(150);
    expect(current()).to.match(/alice NODE derp 12 \(update\)/);
    third.beat();
    third.node(alice, 13);
    passTo(200);
    expect(current()).to.match(/alice NODE derp 13 \(update\)/);

    // The third one is silent from now on, the second for two seconds longer.
    passTo(2_100);
    second.beat();
    passTo(6_100);
    expect(current()).to.match(/alice NODE derp 13/);
    passTo(6_200);
    expect(current()).to.equal('6150 alice NODE derp 12 (update)');
    passTo(8_050);
    expect(current()).to.match(/alice NODE derp 12/);
    passTo(8_200);
    expect(current()).to.equal('8100 alice NODE derp 10 (update)');

    passTo(20_000);
    expect(current()).to.equal('8100 alice NODE derp 10 (update)');
    third.beat();
    passTo(20_050);
    expect(current()).to.equal('20000 alice NODE derp 13 (update)');
    expect(client.told.filter((line) => !line.includes('alice NODE'))).to.deep.equal([]);
  });

  it('calls the peers of a silent coordinator lost, and never disconnected', () => {
    const other = fake(south);
    const client = connect(bob);
    client.addTunnel(alice);
    client.updateDerp(11);
    passTo(100);
    other.beat();
    other.node(alice, 12);
    passTo(60_000);
    expect(client.told).to.deep.equal(['100 alice NODE derp 12 (new)', '6100 alice LOST derp 12 (lost)']);
  });

  it('shows a node of a coordinator that it has not heard yet as soon as it hears it', () => {
    const client = connect(bob);
    client.addTunnel(alice);
    passTo(100);
    const mute = database.faults.dropNotifications((channel) => channel === channels.heartbeat);
    const other = fake(south);
    other.beat();
    other.node(alice, 12);
    passTo(1_000);
    expect(client.told).to.deep.equal([]);
    mute();
    other.beat();
    passTo(1_001);
    expect(client.told).to.deep.equal(['1000 alice NODE derp 12 (new)']);
  });

  it('checks again at once when a second coordinator became overdue while the first was being given up', () => {
    const [second, third] = [fake(south), fake(east)];
    const sets: string[] = [];
    coordinator.coordinators$.subscribe((ids) => sets.push(`${String(scheduler.now())}: ${String(ids.length)}`));
    passTo(100);
    second.beat();
    passTo(101);
    third.beat();
    passTo(20_000);
    expect(sets.slice(-4)).to.deep.equal(['100: 2', '101: 3', '6100: 2', '6101: 1']);
  });

  it('does not give up whom the database says is alive, although nothing was heard', () => {
    const other = fake(south);
    const client = connect(bob);
    client.addTunnel(alice);
    passTo(100);
    other.beat();
    other.node(alice, 12);
    passTo(200);
    // Heartbeats are written, and their notifications are lost.
    database.faults.dropNotifications((channel, payload) => channel === channels.heartbeat && payload === south);
    for (let at = 2_000; at <= 30_000; at += 2_000) {
      passTo(at);
      other.beat();
    }
    expect(client.told).to.deep.equal(['100 alice NODE derp 12 (new)']);
    passTo(60_000);
    expect(client.told.at(-1)).to.equal('36000 alice LOST derp 12 (lost)');
  });

  it('sends a heartbeat at once and every two seconds', () => {
    const late = createCoordinator({ database, id: south, scheduler });
    const beats: number[] = [];
    const ofSouth$ = database.bus.listen$(channels.heartbeat).pipe(
      filter((event) => event.kind === 'message' && event.payload === south),
      map(() => scheduler.now()),
    );
    const listening = ofSouth$.subscribe((at) => beats.push(at));
    passTo(6_500);
    expect(beats).to.deep.equal([0, 2_000, 4_000, 6_000]);
    listening.unsubscribe();
    void late.close();
  });

  it('ends its peers after three failed heartbeats, refuses others, and serves again after one that succeeds', () => {
    const health: string[] = [];
    coordinator.health$.subscribe((state: Health) => health.push(`${String(scheduler.now())} ${state}`));
    const first = connect(alice);
    first.updateDerp(1);
    passTo(1_000);
    database.faults.failNext('heartbeat', 3);
    const writes: string[] = [];
    merge(database.faults.calls$).subscribe(({ method }) => writes.push(method));

    passTo(5_999);
    expect(first.end()).to.equal('open');
    passTo(6_000);
    expect(health.at(-1)).to.equal('6000 unhealthy');
    const second = connect(bob);
    expect([second.told, second.end()]).to.deep.equal([['6000 error: coordinator unhealthy'], 'closed at 6000']);
    // Half of the four seconds in which they go, since chance is always a half here.
    passTo(7_999);
    expect(first.end()).to.equal('open');
    passTo(8_000);
    expect(first.told.at(-1)).to.equal('8000 error: coordinator unhealthy');

    expect(health.at(-1)).to.equal('8000 healthy');
    const third = connect(carol);
    passTo(30_000);
    expect(third.end()).to.equal('open');
    // Nothing was written for the one that was refused; for the one that was ended, that it is lost.
    expect(writes.filter((method) => method === 'writeBindings')).to.have.lengthOf(1);
    expect(database.rows.peers(bob)).to.deep.equal([]);
    expect(database.rows.peers(alice).map(({ status }) => status)).to.deep.equal(['lost']);
  });

  it('never writes anything for those it refuses while it is unhealthy from the start', () => {
    void coordinator.close();
    passTo(20_000);
    database.faults.failWhen(() => undefined);
    const sick = database.connect();
    sick.faults.failNext('heartbeat', 1_000);
    const calls: string[] = [];
    sick.faults.calls$.subscribe(({ method }) => calls.push(method));
    const unhealthy = createCoordinator({ database: sick, id: east, scheduler, random: () => 0.5 });
    passTo(24_000);
    const refused = connect(dave, { to: unhealthy });
    expect(refused.told).to.deep.equal(['24000 error: coordinator unhealthy']);
    passTo(60_000);
    void unhealthy.close();
    passTo(90_000);
    expect(calls.filter((method) => method.startsWith('write'))).to.deep.equal([]);
  });

  it('asks the database exactly once for the node of a peer', () => {
    passTo(1_000);
    const calls: string[] = [];
    database.faults.calls$.subscribe(({ method }) => calls.push(method));
    const nodes: unknown[] = [];
    coordinator.node$(dave).subscribe((node) => nodes.push(node));
    expect([nodes, calls]).to.deep.equal([[undefined], ['readBindings']]);
  });

  it('cleans up at the start and every hour, and never what is younger than a day or still of use', () => {
    void coordinator.close();
    // Few heartbeats, so that days pass quickly.
    const tuning = { heartbeatPeriod: 300_000 };
    coordinator = createCoordinator({ database, id: north, scheduler, random: () => 0.5, tuning });
    passTo(10_000);
    const other = fake(south);
    other.beat();
    other.node(alice, 1);
    database.store
      .writeBindings({ coordinatorId: south, expiry: 6_000 }, [
        { kind: 'lost', peerId: alice, node: encodeNode(aNode()) },
      ])
      .subscribe();
    const add = [{ src: alice, dst: bob }];
    database.store.writeTunnels({ coordinatorId: south, expiry: 6_000 }, { add, remove: [], clear: [] }).subscribe();
    const cleanups: number[] = [];
    database.faults.calls$
      .pipe(filter(({ method }) => method === 'cleanCoordinators'))
      .subscribe(() => cleanups.push(scheduler.now()));

    const hour = 3_600_000;
    passTo(23 * hour);
    expect(cleanups.length).to.equal(22);
    expect(database.rows.peers(alice)).to.have.lengthOf(1);
    expect(database.rows.tunnels(alice)).to.have.lengthOf(1);
    passTo(26 * hour);
    expect(database.rows.coordinators().map(({ id }) => id)).to.deep.equal([north]);
    expect(database.rows.peers(alice)).to.deep.equal([]);
    expect(database.rows.tunnels(alice)).to.deep.equal([]);
  });
});
