import { expect } from 'chai';
import { firstValueFrom } from 'rxjs';
import type { Coordinator } from '../../src/api.js';
import { encodeNode } from '../../src/proto/node.js';
import { aNode, alice, bob, carol, dave } from '../../src/testing/index.js';
import { query } from '../support/query.js';
import { eventuallyLive } from '../support/stage.js';
import { tcpProxy } from '../support/tcpProxy.js';
import type { TestDatabase } from '../support/testDatabase.js';
import { autumn2024, autumn2026, generations } from './generations.js';
import { interopDatabase, interopStage, type InteropStage } from './interopStage.js';
import type { ReferenceCoordinator } from './referenceCoordinator.js';

/** Heartbeats four times as often, so that the silent are noticed after a second and a half. */
const hasty = { heartbeatPeriod: 500 };
const hastily = { tuning: { heartbeatPeriod: 500, heartbeatTimeout: 400, closeTimeout: 500 } };

for (const generation of generations) {
  describe(`beside a coordinator of coder/coder, ${generation.name},`, () => {
    let database: TestDatabase;
    let stage: InteropStage;
    let theirs: ReferenceCoordinator;
    let ours: Coordinator;
    before(async () => (database = await interopDatabase(generation)));
    after(() => database.drop());
    beforeEach(async () => {
      stage = interopStage(database.url, generation);
      theirs = await stage.theirs();
      ours = stage.ours();
      await Promise.all([eventuallyLive(ours, ours.id, theirs.id), theirs.eventuallyHears(ours.id)]);
    });
    afterEach(() => stage[Symbol.asyncDispose]());

    it('ours sees what becomes of a peer there', async () => {
      const alices = stage.peer(ours, alice);
      alices.addTunnel(bob);
      const bobs = theirs.connect(bob);
      await bobs.updateDerp(1);
      await alices.eventuallyHasDerp(bob, 1);
      await bobs.updateDerp(2);
      await alices.eventuallyHasDerp(bob, 2);
      await bobs.drop();
      await alices.eventuallyLost(bob);
      await theirs.connect(bob).updateDerp(3);
      await alices.eventuallyHasDerp(bob, 3);
      await bobs.disconnect();
      await alices.eventuallyDisconnected(bob);
      expect(alices.seen.log).to.deep.equal([
        'bob NODE derp 1 (new)',
        'bob NODE derp 2 (update)',
        'bob LOST derp 2 (lost)',
        'bob NODE derp 3 (found)',
        'bob DISCONNECTED (disconnected)',
      ]);
    });

    it('it sees what becomes of a peer at ours', async () => {
      const bobs = theirs.connect(bob);
      await bobs.addTunnel(alice);
      const alices = stage.peer(ours, alice);
      alices.updateDerp(1);
      await bobs.eventuallyTold('alice NODE derp 1 (new)');
      alices.updateDerp(2);
      await bobs.eventuallyTold('alice NODE derp 2 (update)');
      alices.drop();
      await bobs.eventuallyTold('alice LOST derp 2 (lost)');
      const again = stage.peer(ours, alice);
      again.updateDerp(2);
      await bobs.eventuallyTold('alice NODE derp 2 (found)');
      await again.disconnect();
      await bobs.eventuallyTold('alice DISCONNECTED (disconnected)');
      expect(bobs.told).to.have.length(5);
    });

    it('tunnels opened and closed at either are seen at both', async () => {
      const [alices, bobs] = [stage.peer(ours, alice), theirs.connect(bob)];
      alices.updateDerp(1);
      await bobs.updateDerp(2);
      await bobs.addTunnel(alice);
      await Promise.all([alices.eventuallyHasDerp(bob, 2), bobs.eventuallyTold('alice NODE derp 1 (new)')]);
      await bobs.removeTunnel(alice);
      await Promise.all([alices.eventuallyDisconnected(bob), bobs.eventuallyTold('alice DISCONNECTED (disconnected)')]);
      alices.addTunnel(bob);
      await Promise.all([alices.eventuallyHasDerp(bob, 2), bobs.eventuallyTold('alice NODE derp 1 (new)', 2)]);
      alices.removeTunnel(bob);
      await Promise.all([
        alices.eventuallyDisconnected(bob),
        bobs.eventuallyTold('alice DISCONNECTED (disconnected)', 2),
      ]);
    });

    if (generation.shakesHands) {
      it('peers are told, both ways, that the other is ready for a handshake', async () => {
        const [alices, bobs] = [stage.peer(ours, alice), theirs.connect(bob)];
        alices.updateDerp(1);
        await bobs.updateDerp(2);
        await bobs.addTunnel(alice);
        await Promise.all([alices.eventuallyHasDerp(bob, 2), bobs.eventuallyTold('alice NODE derp 1 (new)')]);
        alices.readyForHandshake(bob);
        await bobs.eventuallyTold('alice READY_FOR_HANDSHAKE');
        await bobs.readyForHandshake(alice);
        await alices.eventuallyReadyForHandshake(bob);
      });
    }

    it('a peer that moves from one to the other, and back, is neither lost nor gone', async () => {
      const [alices, carols] = [stage.peer(ours, alice), theirs.connect(carol)];
      alices.addTunnel(bob);
      await carols.addTunnel(bob);
      const before = theirs.connect(bob);
      await before.updateDerp(1);
      await Promise.all([alices.eventuallyHasDerp(bob, 1), carols.eventuallyTold('bob NODE derp 1 (new)')]);
      const moved = stage.peer(ours, bob);
      moved.updateDerp(2);
      await Promise.all([alices.eventuallyHasDerp(bob, 2), carols.eventuallyTold('bob NODE derp 2 (update)')]);
      await before.drop();
      const back = theirs.connect(bob);
      await back.updateDerp(3);
      await Promise.all([alices.eventuallyHasDerp(bob, 3), carols.eventuallyTold('bob NODE derp 3 (update)')]);
      moved.drop();
      await back.updateDerp(4);
      await Promise.all([alices.eventuallyHasDerp(bob, 4), carols.eventuallyTold('bob NODE derp 4 (update)')]);
      await alices.neverSees(bob, 'lost');
      await alices.neverSees(bob, 'disconnected');
      expect(carols.told).to.have.length(4);
    });

    const [fate, asSeen] = generation.deletesItself
      ? (['gone', 'eventuallyDisconnected'] as const)
      : (['lost', 'eventuallyLost'] as const);
    it(`its peers are ${fate} for ours when it closes`, async () => {
      const alices = stage.peer(ours, alice);
      alices.addTunnel(bob);
      await theirs.connect(bob).updateDerp(1);
      await alices.eventuallyHasDerp(bob, 1);
      await theirs.close();
      await alices[asSeen](bob);
      expect(alices.seen.log).to.have.length(2);
    });

    it('our peers are lost for it when ours closes, and not gone', async () => {
      const bobs = theirs.connect(bob);
      await bobs.addTunnel(alice);
      const alices = stage.peer(ours, alice);
      alices.updateDerp(1);
      await bobs.eventuallyTold('alice NODE derp 1 (new)');
      await ours.close();
      const rows = await query(stage.url, 'select id, status from tailnet_peers where coordinator_id = $1', [ours.id]);
      expect(rows).to.deep.equal([{ id: alice, status: 'lost' }]);
      await bobs.eventuallyTold('alice LOST derp 1 (lost)');
      const next = stage.peer(stage.ours(), alice);
      next.updateDerp(1);
      await bobs.eventuallyTold('alice NODE derp 1 (found)');
    });

    // The same for all: they only fall silent.
    if (generation === autumn2026)
      it('its peers are lost for ours when it is killed', async () => {
        const dying = await stage.theirs(hasty);
        const watcher = stage.ours(hastily);
        const alices = stage.peer(watcher, alice);
        alices.addTunnel(bob);
        await dying.connect(bob).updateDerp(1);
        await alices.eventuallyHasDerp(bob, 1);
        await dying.crash();
        await alices.eventuallyLost(bob);
        await alices.neverSees(bob, 'disconnected');
      });

    if (generation !== autumn2024)
      it(`our peers are ${generation.dropsSilent ? 'gone' : 'lost'} for it when ours is killed`, async () => {
        await using path = await tcpProxy(stage.url);
        const watcher = await stage.theirs(hasty);
        const dying = stage.ours({ database: path.url, ...hastily });
        const bobs = watcher.connect(bob);
        await bobs.addTunnel(alice);
        stage.peer(dying, alice).updateDerp(1);
        await bobs.eventuallyTold('alice NODE derp 1 (new)');
        path.set('cut');
        await bobs.eventuallyTold(
          generation.dropsSilent ? 'alice DISCONNECTED (disconnected)' : 'alice LOST derp 1 (lost)',
        );
      });

    it('neither cleans up what the other still needs', async () => {
      const [alices, bobs] = [stage.peer(ours, alice), theirs.connect(bob)];
      alices.updateDerp(1);
      await bobs.updateDerp(2);
      await bobs.addTunnel(alice);
      await Promise.all([alices.eventuallyHasDerp(bob, 2), bobs.eventuallyTold('alice NODE derp 1 (new)')]);
      await query(stage.url, `update tailnet_peers set updated_at = now() - interval '25 hours'`);
      await query(stage.url, `update tailnet_tunnels set updated_at = now() - interval '25 hours'`);
      await theirs.clean();
      stage.ours();
      await theirs.connect(dave).addTunnel(alice);
      alices.updateDerp(3);
      await bobs.eventuallyTold('alice NODE derp 3 (update)');
      await bobs.updateDerp(4);
      await alices.eventuallyHasDerp(bob, 4);
      await alices.neverSees(bob, 'disconnected');
      expect(bobs.told).to.have.length(2);
    });

    it('an empty node, and one from the future, pass from it to ours', async () => {
      const alices = stage.peer(ours, alice);
      alices.addTunnel(bob);
      alices.addTunnel(carol);
      await theirs.connect(bob).publish(new Uint8Array());
      await alices.eventuallyHasDerp(bob, 0);
      // Field 100, with a text.
      const future = Buffer.concat([encodeNode(aNode({ of: carol, derp: 7 })), Buffer.from([0xa2, 0x06, 1, 0x78])]);
      await theirs.connect(carol).publish(future);
      await alices.eventuallyHasDerp(carol, 7);
      expect(await firstValueFrom(ours.node$(bob))).to.have.property('preferredDerp', 0);
    });

    it('bytes of it that are no node keep nobody else from being seen', async () => {
      const alices = stage.peer(ours, alice);
      alices.addTunnel(bob);
      alices.addTunnel(carol);
      await theirs.connect(bob).publish(Uint8Array.of(255, 255, 255));
      await theirs.connect(carol).updateDerp(3);
      await alices.eventuallyHasDerp(carol, 3);
    });
  });
}
