import { expect } from 'chai';
import { firstValueFrom, range } from 'rxjs';
import { agentAddresses } from '../../src/auth/nodeAddresses.js';
import { AuthorizationError, agentAuth, clientAuth } from '../../src/auth/index.js';
import type { Coordinator } from '../../src/api.js';
import type { Binding } from '../../src/db/store.js';
import { decodeNode } from '../../src/proto/node.js';
import { alice, bob, carol } from '../../src/testing/index.js';
import { allAre, areGone, onEveryBackend, type Stage } from '../support/stage.js';

const hasDerp =
  (derp: number) =>
  (bindings: readonly Binding[]): boolean =>
    bindings.some(({ node }) => decodeNode(node).preferredDerp === derp);

const [ownAddress] = agentAddresses(alice);
const legacyAddress = 'fd7a:115c:a1e0:49d6:b259:b7ac:b1b2:48f4';
const foreignAddress = 'fd7a:115c:a1e0:1111:2222:3333:4444:5555';

onEveryBackend('one coordinator', (open) => {
  let stage: Stage;
  let coordinator: Coordinator;

  beforeEach(async () => {
    stage = await open();
    coordinator = stage.coordinator();
  });
  afterEach(() => stage[Symbol.asyncDispose]());

  const agent = (addresses: readonly string[] = []) =>
    stage.peer(coordinator, alice, { auth: agentAuth(alice), node: { addresses: [...addresses] } });

  const client = (id = bob) => {
    const peer = stage.peer(coordinator, id, { auth: clientAuth(alice) });
    peer.addTunnel(alice);
    return peer;
  };

  it('keeps the node of a client whose agent is not there, and loses it with the client', async () => {
    const bobs = client();
    bobs.updateDerp(10);
    await stage.eventuallyNeighbours(alice, [bob]);
    await stage.eventuallyBindings(bob, hasDerp(10));
    bobs.endRequests();
    await bobs.eventuallyClosed();
    await stage.eventuallyBindings(bob, allAre('lost'));
    // Its tunnel stays: it is by the tunnel that others learn that it is lost.
    await stage.eventuallyNeighbours(alice, [bob]);
  });

  it('keeps the node of an agent without clients, and loses it with the agent', async () => {
    const alices = agent();
    alices.updateDerp(10);
    await stage.eventuallyBindings(alice, hasDerp(10));
    alices.drop();
    await stage.eventuallyBindings(alice, allAre('lost'));
  });

  for (const [what, address] of [
    ['derived from its id', `${ownAddress ?? ''}/128`],
    ['that all agents once had', `${legacyAddress}/128`],
  ] as const) {
    it(`lets an agent have the address ${what}`, async () => {
      const alices = agent([address]);
      alices.updateDerp(10);
      await stage.eventuallyBindings(alice, hasDerp(10));
      await alices.neverClosed();
    });
  }

  it('refuses an agent an address that is not its own, and writes nothing of it', async () => {
    const alices = agent([`${foreignAddress}/128`]);
    alices.updateDerp(10);
    await alices.eventuallyClosed(`authorization: invalid node address, got ${foreignAddress}`);
    await coordinator.close();
    expect(await firstValueFrom(stage.database.store.readBindings([alice]))).to.deep.equal([]);
  });

  for (const role of ['agent', 'client'] as const) {
    it(`refuses ${role === 'agent' ? 'an agent' : 'a client'} a whole network of addresses`, async () => {
      const auth = role === 'agent' ? agentAuth(alice) : clientAuth(alice);
      const peer = stage.peer(coordinator, alice, { auth, node: { addresses: [`${ownAddress ?? ''}/64`] } });
      peer.updateDerp(10);
      await peer.eventuallyClosed('authorization: invalid address bits, expected 128, got 64');
      await coordinator.close();
      expect(await firstValueFrom(stage.database.store.readBindings([alice]))).to.deep.equal([]);
    });
  }

  it('refuses a client every agent but its own', async () => {
    const bobs = stage.peer(coordinator, bob, { auth: clientAuth(alice) });
    bobs.addTunnel(carol);
    await bobs.eventuallyClosed(`authorization: invalid agent id, expected ${alice}, got ${carol}`);
    await coordinator.close();
    expect(await firstValueFrom(stage.database.store.readNeighbours([bob]))).to.deep.equal([]);
  });

  it('shows an agent and its client to each other, through updates, a comeback of the agent, and a burst', async () => {
    const alices = agent();
    alices.updateDerp(10);
    const bobs = client();
    await bobs.eventuallyHasDerp(alice, 10);
    bobs.updateDerp(11);
    await alices.eventuallyHasDerp(bob, 11);
    alices.updateDerp(12);
    await bobs.eventuallyHasDerp(alice, 12);

    alices.drop();
    await bobs.eventuallyLost(alice);
    // With the same id, as anybody: it must hear of the client without the client saying anything.
    const again = stage.peer(coordinator, alice);
    await again.eventuallyHasDerp(bob, 11);

    range(13, 23).subscribe((derp) => {
      again.updateDerp(derp);
    });
    await bobs.eventuallyHasDerp(alice, 35);
    const derps = bobs.seen.historyOf(alice).map(({ derp }) => derp);
    expect(derps, 'in the order in which they were said').to.deep.equal([...derps].sort((a, b) => a - b));

    again.drop();
    bobs.drop();
    await stage.eventuallyBindings(alice, allAre('lost'));
    await stage.eventuallyBindings(bob, allAre('lost'));
  });

  it('tells a peer that connects again all that its former connection knew', async () => {
    const bobs = client();
    bobs.updateDerp(2);
    const alices = agent();
    await alices.eventuallyHasDerp(bob, 2);
    const again = agent();
    await again.eventuallyHasDerp(bob, 2);
    await alices.eventuallyClosed('peer ID overwritten by new connection');
    again.updateDerp(3);
    await bobs.eventuallyHasDerp(alice, 3);
    await bobs.neverSees(alice, 'lost');
  });

  it('asks for authorisation with the request itself, before it does anything', async () => {
    const asked: string[] = [];
    const bobs = stage.peer(coordinator, bob, {
      auth: (request) => {
        asked.push(Object.keys(request).find((part) => part === 'addTunnel') ?? 'nothing');
        throw new AuthorizationError('not today');
      },
    });
    bobs.addTunnel(alice);
    await bobs.eventuallyClosed('authorization: not today');
    expect(asked).to.deep.equal(['addTunnel']);
    await coordinator.close();
    expect(await firstValueFrom(stage.database.store.readNeighbours([alice]))).to.deep.equal([]);
  });

  it('knows the node of a peer that is there or lost, and no node of one that never was', async () => {
    expect(await firstValueFrom(coordinator.node$(carol))).to.equal(undefined);
    const bobs = client();
    bobs.updateDerp(7);
    await stage.eventuallyBindings(bob, hasDerp(7));
    expect((await firstValueFrom(coordinator.node$(bob)))?.preferredDerp).to.equal(7);
    bobs.drop();
    await stage.eventuallyBindings(bob, allAre('lost'));
    expect((await firstValueFrom(coordinator.node$(bob)))?.preferredDerp).to.equal(7);
  });

  it('removes a peer that says goodbye, with all its tunnels, and ends its stream at once', async () => {
    const bobs = stage.peer(coordinator, bob);
    bobs.addTunnel(alice);
    bobs.addTunnel(carol);
    bobs.updateDerp(1);
    await stage.eventuallyBindings(bob, allAre('ok'));
    await stage.eventuallyNeighbours(bob, [alice, carol]);
    await bobs.disconnect();
    await stage.eventuallyBindings(bob, areGone);
    await stage.eventuallyNeighbours(bob, []);
  });

  it('marks its peers lost when it closes, tells them why they end, and keeps its own row', async () => {
    const alices = agent();
    alices.updateDerp(10);
    await stage.eventuallyBindings(alice, allAre('ok'));
    await coordinator.close();
    await alices.eventuallyClosed('coordinator closed');
    expect(allAre('lost')(await firstValueFrom(stage.database.store.readBindings([alice])))).to.equal(true);
    const ages = await firstValueFrom(stage.database.store.readCoordinators(60_000));
    expect(ages.map(({ coordinatorId }) => coordinatorId)).to.deep.equal([coordinator.id]);
  });

  it('refuses who comes after it was closed', async () => {
    await coordinator.close();
    await agent().eventuallyClosed('coordinator closed');
  });
});
