import { expect } from 'chai';
import { NEVER, VirtualTimeScheduler, concat, firstValueFrom, of } from 'rxjs';
import type { Coordinator } from '../../src/api.js';
import { createCoordinator } from '../../src/coordinator.js';
import { encodeNode } from '../../src/proto/node.js';
import { requests } from '../../src/proto/requests.js';
import { aNode, alice, bob, carol, memoryDatabase, type TestPeer } from '../../src/testing/index.js';
import { allAre, areGone, eventuallyLive, onEveryBackend, type Stage } from '../support/stage.js';

onEveryBackend('what a peer takes back reaches what it left behind', (open) => {
  let stage: Stage;
  let first: Coordinator;
  let second: Coordinator;
  let watch: Coordinator;
  let watcher: TestPeer;

  beforeEach(async () => {
    stage = await open();
    [first, second, watch] = [stage.coordinator(), stage.coordinator(), stage.coordinator()];
    const all = [first, second, watch].map(({ id }) => id);
    await Promise.all([first, second, watch].map((coordinator) => eventuallyLive(coordinator, ...all)));
    watcher = stage.peer(watch, alice);
    watcher.addTunnel(bob);
    watcher.updateDerp(1);
    await stage.eventuallyTunnels(watch, [{ src: alice, dst: bob }]);
  });
  afterEach(() => stage[Symbol.asyncDispose]());

  it('a goodbye removes the node and the tunnels that the same peer lost at another coordinator', async () => {
    const bobs = stage.peer(first, bob);
    bobs.updateDerp(2);
    bobs.addTunnel(carol);
    await watcher.eventuallyHasDerp(bob, 2);
    await stage.eventuallyTunnels(first, [{ src: bob, dst: carol }]);
    bobs.drop();
    await watcher.eventuallyLost(bob);
    // It says nothing else there, so there is no row of it.
    await stage.peer(second, bob).disconnect();
    await watcher.eventuallyDisconnected(bob);
    await stage.eventuallyBindings(bob, areGone);
    await stage.eventuallyTunnels(first, []);
  });

  it('a tunnel is removed at whichever coordinator it was written', async () => {
    const bobs = stage.peer(first, bob);
    bobs.updateDerp(2);
    bobs.addTunnel(alice);
    bobs.addTunnel(carol);
    await stage.eventuallyTunnels(first, [
      { src: bob, dst: alice },
      { src: bob, dst: carol },
    ]);
    bobs.drop();
    await stage.eventuallyBindings(bob, allAre('lost'));
    watcher.removeTunnel(bob);
    const again = stage.peer(second, bob);
    again.updateDerp(3);
    await watcher.eventuallyHasDerp(bob, 3);
    again.removeTunnel(alice);
    await watcher.eventuallyDisconnected(bob);
    await stage.eventuallyTunnels(first, [{ src: bob, dst: carol }]);
  });

  it('what the same peer has where it is live, stays, whatever it takes back elsewhere', async () => {
    const bobs = stage.peer(first, bob);
    bobs.updateDerp(2);
    bobs.addTunnel(alice);
    await watcher.eventuallyHasDerp(bob, 2);
    await stage.eventuallyTunnels(first, [{ src: bob, dst: alice }]);
    const other = stage.peer(second, bob);
    other.updateDerp(3);
    await watcher.eventuallyHasDerp(bob, 3);
    other.removeTunnel(alice);
    await other.disconnect();
    await watcher.eventuallyHasDerp(bob, 2);
    bobs.updateDerp(4);
    await watcher.eventuallyHasDerp(bob, 4);
    await stage.eventuallyTunnels(first, [{ src: bob, dst: alice }]);
    await watcher.neverSees(bob, 'disconnected');
    await bobs.neverClosed();
  });

  it('a peer that is lost makes no row where it had none', async () => {
    const bobs = stage.peer(first, bob);
    bobs.updateDerp(2);
    await watcher.eventuallyHasDerp(bob, 2);
    bobs.drop();
    await stage.eventuallyBindings(bob, allAre('lost'));
    const silent = stage.peer(second, bob);
    silent.addTunnel(carol);
    await stage.eventuallyTunnels(second, [{ src: bob, dst: carol }]);
    silent.drop();
    await second.close();
    const rows = await firstValueFrom(stage.database.store.readBindings([bob]));
    expect(rows.map(({ coordinatorId }) => coordinatorId)).to.deep.equal([first.id]);

    // Nor does a late LOST bring back a row that a goodbye removed.
    await stage.peer(watch, bob).disconnect();
    await stage.eventuallyBindings(bob, areGone);
    const { store } = stage.database;
    const writer = { coordinatorId: first.id, expiry: 6_000 };
    await firstValueFrom(store.writeBindings(writer, [{ kind: 'lost', peerId: bob, node: encodeNode(aNode()) }]));
    expect(await firstValueFrom(store.readBindings([bob]))).to.deep.equal([]);
  });

  it('a peer that drops, is back elsewhere at once and says goodbye, is gone for everybody, many times over', async () => {
    for (let derp = 2; derp < 42; derp++) {
      const bobs = stage.peer(first, bob);
      bobs.updateDerp(derp);
      bobs.addTunnel(carol);
      await watcher.eventuallyHasDerp(bob, derp);
      bobs.drop();
      const again = stage.peer(second, bob);
      // With a node of its own every other time, and without waiting for anything.
      if (derp % 2 === 0) again.updateDerp(derp + 1_000);
      await again.disconnect();
      await watcher.eventuallyDisconnected(bob);
      await stage.eventuallyBindings(bob, areGone);
      await Promise.all([first, second].map((coordinator) => stage.eventuallyTunnels(coordinator, [])));
    }
  });

  it('a peer that says goodbye elsewhere before its broken connection is noticed, is gone once it is', async () => {
    const halfOpen = stage.peer(first, bob);
    halfOpen.updateDerp(2);
    halfOpen.addTunnel(carol);
    await watcher.eventuallyHasDerp(bob, 2);
    await stage.eventuallyTunnels(first, [{ src: bob, dst: carol }]);
    const again = stage.peer(second, bob);
    again.updateDerp(3);
    await watcher.eventuallyHasDerp(bob, 3);
    await again.disconnect();
    halfOpen.drop();
    await watcher.eventuallyDisconnected(bob);
    await stage.eventuallyBindings(bob, areGone);
    await stage.eventuallyTunnels(first, []);
  });

  it('a peer of a coordinator that was killed, that says goodbye elsewhere at once, is gone for everybody', async () => {
    // A coordinator that wrote, and is never heard again.
    const killed = 'dead0000-0000-4000-8000-000000000000';
    const { store } = stage.database;
    await firstValueFrom(store.heartbeat(killed));
    const writer = { coordinatorId: killed, expiry: 6_000 };
    await firstValueFrom(
      store.writeBindings(writer, [{ kind: 'node', peerId: bob, node: encodeNode(aNode({ of: bob, derp: 2 })) }]),
    );
    const tunnels = { add: [{ src: bob, dst: alice }], remove: [], clear: [] };
    await firstValueFrom(store.writeTunnels(writer, tunnels));
    await watcher.eventuallyHasDerp(bob, 2);
    await stage.peer(second, bob).disconnect();
    // For as long as the dead one may be alive, bob may be there, too.
    await watcher.eventuallyDisconnected(bob);
    await stage.eventuallyBindings(bob, areGone);
    await stage.eventuallyNeighbours(alice, [bob]);
    watcher.removeTunnel(bob);
    await stage.eventuallyNeighbours(alice, []);
  });
});

describe('a goodbye that meets a broken connection half-way', () => {
  /** Bob at a coordinator, with a tunnel to Carol that is not written before `letGo`; and another coordinator. */
  const setUp = (held: 'writeBindings' | 'writeTunnels') => {
    const scheduler = new VirtualTimeScheduler();
    const database = memoryDatabase({ scheduler });
    const passTo = (milliseconds: number): void => {
      scheduler.maxFrames = milliseconds;
      scheduler.flush();
      scheduler.frame = milliseconds;
    };
    const [here, there] = [database.connect(), database.connect()];
    const [home, away] = [here, there].map((wire) => createCoordinator({ database: wire, scheduler }));
    passTo(500);
    const letGo = (held === 'writeTunnels' ? there : here).faults.hang(held);
    return {
      ...{ database, passTo, letGo },
      connect: () =>
        away?.coordinate$(bob, concat(of(requests.updateSelf(aNode()), requests.addTunnel(carol)), NEVER)).subscribe(),
      sayGoodbye: () => home?.coordinate$(bob, of(requests.disconnect())).subscribe(),
      end: () => {
        for (const coordinator of [home, away]) void coordinator?.close();
        passTo(60_000);
      },
    };
  };

  it('takes the tunnels along, whichever is written first: that the peer is lost there, or that it left here', () => {
    const { database, passTo, letGo, connect, sayGoodbye, end } = setUp('writeBindings');
    const connection = connect();
    passTo(1_000);
    expect(database.rows.tunnels(bob)).to.have.lengthOf(1);

    // The goodbye is on its way, when elsewhere the connection is found to be broken.
    sayGoodbye();
    passTo(1_100);
    connection?.unsubscribe();
    passTo(1_200);
    letGo();
    passTo(2_000);
    expect(database.rows.peers(bob)).to.deep.equal([]);
    expect(database.rows.tunnels(bob)).to.deep.equal([]);
    end();
  });

  it('takes along a tunnel that is still being written when the connection breaks', () => {
    const { database, passTo, letGo, connect, sayGoodbye, end } = setUp('writeTunnels');
    const connection = connect();
    passTo(1_000);
    expect(database.rows.peers(bob)).to.have.lengthOf(1);
    expect(database.rows.tunnels(bob)).to.deep.equal([]);

    connection?.unsubscribe();
    passTo(1_100);
    sayGoodbye();
    passTo(1_200);
    letGo();
    passTo(2_000);
    expect(database.rows.peers(bob)).to.deep.equal([]);
    expect(database.rows.tunnels(bob)).to.deep.equal([]);
    end();
  });
});
