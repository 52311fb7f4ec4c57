import { expect } from 'chai';
import { filter, firstValueFrom, take, toArray, timestamp } from 'rxjs';
import { agentAuth, clientAuth } from '../../src/auth/index.js';
import type { Coordinator } from '../../src/api.js';
import { channels } from '../../src/db/bus.js';
import type { Uuid } from '../../src/db/store.js';
import { alice, bob, carol, dave, eve, frank } from '../../src/testing/index.js';
import { allAre, areGone, eventuallyLive, onEveryBackend, type Stage } from '../support/stage.js';

onEveryBackend('several coordinators', (open) => {
  let stage: Stage;
  beforeEach(async () => (stage = await open()));
  afterEach(() => stage[Symbol.asyncDispose]());

  const agent = (coordinator: Coordinator, id: Uuid) => stage.peer(coordinator, id, { auth: agentAuth(id) });
  const client = (coordinator: Coordinator, id: Uuid, agentId: Uuid) => {
    const peer = stage.peer(coordinator, id, { auth: clientAuth(agentId) });
    peer.addTunnel(agentId);
    return peer;
  };

  it('find each other as soon as each has started', async () => {
    const [first, second, third] = [stage.coordinator(), stage.coordinator(), stage.coordinator()];
    const all = [first.id, second.id, third.id];
    await Promise.all([first, second, third].map((coordinator) => eventuallyLive(coordinator, ...all)));
  });

  it('serve agents and clients wherever these are, until they close one after the other', async () => {
    const [first, second] = [stage.coordinator(), stage.coordinator()];
    const [agent1, agent2] = [agent(first, alice), agent(second, bob)];
    const [client11, client12] = [client(first, carol, alice), client(first, dave, bob)];
    const [client21, client22] = [client(second, eve, alice), client(second, frank, bob)];

    client11.updateDerp(11);
    await agent1.eventuallyHasDerp(carol, 11);
    client21.updateDerp(21);
    await agent1.eventuallyHasDerp(eve, 21);
    client22.updateDerp(22);
    await agent2.eventuallyHasDerp(frank, 22);
    agent2.updateDerp(2);
    await Promise.all([client22.eventuallyHasDerp(bob, 2), client12.eventuallyHasDerp(bob, 2)]);
    client12.updateDerp(12);
    await agent2.eventuallyHasDerp(dave, 12);
    agent1.updateDerp(1);
    await Promise.all([client21.eventuallyHasDerp(alice, 1), client11.eventuallyHasDerp(alice, 1)]);

    await second.close();
    for (const peer of [agent2, client22, client21]) {
      await peer.eventuallyClosed('coordinator closed');
      await stage.eventuallyBindings(peer.id, allAre('lost'));
    }
    await Promise.all([client12.eventuallyLost(bob), agent1.eventuallyLost(eve)]);
    await client12.neverSees(bob, 'disconnected');

    await first.close();
    for (const peer of [agent1, client11, client12]) {
      await peer.eventuallyClosed('coordinator closed');
      await stage.eventuallyBindings(peer.id, allAre('lost'));
    }
  });

  it('announce their heartbeats every two seconds', async () => {
    const beats$ = stage.database.bus.listen$(channels.heartbeat).pipe(
      filter((event) => event.kind === 'message'),
      timestamp(),
      take(3),
      toArray(),
    );
    const heard = firstValueFrom(beats$);
    await firstValueFrom(stage.database.bus.listen$(channels.heartbeat));
    const { id } = stage.coordinator();
    const beats = await heard;
    expect(beats.map(({ value }) => value.payload)).to.deep.equal([id, id, id]);
    const [start, , end] = beats.map((beat) => beat.timestamp);
    // Not "at most": the machine may be slow, but beats must not be faster than they should be.
    expect((end ?? 0) - (start ?? 0)).to.be.greaterThan(0.75 * 4000);
  });

  describe('with an agent at one and a peer that follows many agents at another', () => {
    for (const where of ['the same coordinator', 'another coordinator'] as const) {
      const acquainted = async () => {
        const home = stage.coordinator();
        const away = where === 'the same coordinator' ? home : stage.coordinator();
        const agents = agent(home, alice);
        agents.updateDerp(5);
        const follower = stage.peer(away, bob);
        follower.addTunnel(alice);
        await follower.eventuallyHasDerp(alice, 5);
        agents.updateDerp(1);
        await follower.eventuallyHasDerp(alice, 1);
        follower.updateDerp(3);
        await agents.eventuallyHasDerp(bob, 3);
        return { agents, follower, away };
      };

      it(`at ${where}: the goodbye of the follower leaves the agent without neighbours`, async () => {
        const { agents, follower } = await acquainted();
        await follower.disconnect();
        await agents.eventuallyDisconnected(bob);
        agents.endRequests();
        await stage.eventuallyNeighbours(alice, []);
        await stage.eventuallyBindings(alice, allAre('lost'));
        await stage.eventuallyBindings(bob, areGone);
      });

      it(`at ${where}: a follower that unsubscribes is told nothing more, nor tells`, async () => {
        const { agents, follower, away } = await acquainted();
        follower.removeTunnel(alice);
        await stage.eventuallyNeighbours(alice, []);
        await Promise.all([follower.eventuallyDisconnected(alice), agents.eventuallyDisconnected(bob)]);
        follower.updateDerp(9);
        agents.updateDerp(8);
        // A stranger at each side sees the updates; by then the two would have, too.
        const witness = stage.peer(away, carol);
        witness.addTunnel(alice);
        witness.addTunnel(bob);
        await Promise.all([witness.eventuallyHasDerp(alice, 8), witness.eventuallyHasDerp(bob, 9)]);
        await Promise.all([agents.neverHasDerp(bob, 9), follower.neverHasDerp(alice, 8)]);
      });

      it(`at ${where}: the follower is told when its coordinator closes`, async () => {
        const { agents, follower, away } = await acquainted();
        await away.close();
        await follower.eventuallyClosed('coordinator closed');
        if (where === 'another coordinator') await agents.eventuallyLost(bob);
      });
    }

    it('serve the multi-agent object, and end it with the coordinator', async () => {
      const [home, away] = [stage.coordinator(), stage.coordinator()];
      const agents = agent(home, alice);
      agents.updateDerp(5);
      const multi = away.multiAgent(bob);
      const first = firstValueFrom(multi.updates$);
      multi.subscribeAgent(alice);
      expect((await first).peerUpdates.map(({ node }) => node?.preferredDerp)).to.deep.equal([5]);
      multi.updateSelf({ preferredDerp: 3 });
      await agents.eventuallyHasDerp(bob, 3);
      await away.close();
      expect(multi.isClosed).to.equal(true);
      expect(() => {
        multi.unsubscribeAgent(alice);
      }).to.throw('multiagent is closed');
      await agents.eventuallyLost(bob);
    });
  });
});
