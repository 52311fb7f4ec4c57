import { expect } from 'chai';
import type { Coordinator } from '../../src/api.js';
import { CoordinateRequest } from '../../src/proto/gen/tailnet.js';
import { requests } from '../../src/proto/requests.js';
import { aNode, alice, bob, carol, type TestPeer } from '../../src/testing/index.js';
import { allAre, onEveryBackend, type Stage } from '../support/stage.js';

for (const where of ['one coordinator', 'two coordinators'] as const) {
  onEveryBackend(`peers at ${where}`, (open) => {
    let stage: Stage;
    let here: Coordinator;
    let there: Coordinator;

    beforeEach(async () => {
      stage = await open();
      here = stage.coordinator();
      there = where === 'one coordinator' ? here : stage.coordinator();
    });
    afterEach(() => stage[Symbol.asyncDispose]());

    /** Alice, who has opened a tunnel to bob; each has seen the other. */
    const acquainted = async (): Promise<{ alices: TestPeer; bobs: TestPeer }> => {
      const alices = stage.peer(here, alice);
      const bobs = stage.peer(there, bob);
      alices.addTunnel(bob);
      alices.updateDerp(1);
      bobs.updateDerp(2);
      await Promise.all([alices.eventuallyHasDerp(bob, 2), bobs.eventuallyHasDerp(alice, 1)]);
      return { alices, bobs };
    };

    it('see who says goodbye as disconnected, and whoever says it hears of no error', async () => {
      const { alices, bobs } = await acquainted();
      await bobs.disconnect();
      await alices.eventuallyDisconnected(bob);
      await alices.neverSees(bob, 'lost');
      expect(bobs.seen.errors).to.deep.equal([]);
    });

    it('see who breaks its connection as lost', async () => {
      const { alices, bobs } = await acquainted();
      bobs.drop();
      await alices.eventuallyLost(bob);
      await alices.neverSees(bob, 'disconnected');
    });

    it('see who ends its requests as lost', async () => {
      const { alices, bobs } = await acquainted();
      bobs.endRequests();
      await bobs.eventuallyClosed();
      await alices.eventuallyLost(bob);
      await alices.neverSees(bob, 'disconnected');
    });

    it('are told nothing of somebody who was lost before they came, and that it is new when it is back', async () => {
      const bobs = stage.peer(there, bob);
      bobs.updateDerp(2);
      await stage.eventuallyBindings(bob, allAre('ok'));
      bobs.drop();
      await stage.eventuallyBindings(bob, allAre('lost'));
      const alices = stage.peer(here, alice);
      alices.addTunnel(bob);
      alices.addTunnel(carol);
      const carols = stage.peer(there, carol);
      carols.updateDerp(3);
      await alices.eventuallyHasDerp(carol, 3);
      stage.peer(there, bob).updateDerp(4);
      await alices.eventuallyHasDerp(bob, 4);
      expect(alices.seen.log).to.deep.equal(['carol NODE derp 3 (new)', 'bob NODE derp 4 (new)']);
    });

    it('see each other once by tunnels in both directions', async () => {
      const alices = stage.peer(here, alice);
      const bobs = stage.peer(there, bob);
      alices.updateDerp(1);
      bobs.updateDerp(2);
      alices.addTunnel(bob);
      bobs.addTunnel(alice);
      await Promise.all([alices.eventuallyHasDerp(bob, 2), bobs.eventuallyHasDerp(alice, 1)]);
      // One tunnel is enough to go on seeing each other, once it is there.
      const [out, back] = [
        { src: alice, dst: bob },
        { src: bob, dst: alice },
      ];
      await stage.eventuallyTunnels(there, where === 'one coordinator' ? [out, back] : [back]);
      alices.removeTunnel(bob);
      await stage.eventuallyNeighbours(alice, [bob]);
      bobs.updateDerp(3);
      await alices.eventuallyHasDerp(bob, 3);
      expect(alices.seen.log).to.deep.equal(['bob NODE derp 2 (new)', 'bob NODE derp 3 (update)']);
      bobs.removeTunnel(alice);
      await Promise.all([alices.eventuallyDisconnected(bob), bobs.eventuallyDisconnected(alice)]);
    });

    it('hear exactly once that another is ready for a handshake', async () => {
      const { alices, bobs } = await acquainted();
      bobs.addTunnel(alice);
      bobs.readyForHandshake(alice);
      await alices.eventuallyReadyForHandshake(bob);
      bobs.updateDerp(3);
      await alices.eventuallyHasDerp(bob, 3);
      expect(alices.seen.handshakesOf(bob)).to.equal(1);
      const ready = alices.seen.log.filter((line) => line.includes('READY'));
      expect(ready).to.deep.equal(['bob READY_FOR_HANDSHAKE']);
    });

    it('cannot be ready for a handshake with somebody they share no tunnel with, but stay connected', async () => {
      const alices = stage.peer(here, alice);
      const bobs = stage.peer(there, bob);
      bobs.readyForHandshake(alice);
      await bobs.eventuallyError(`you do not share a tunnel with "${alice}"`);
      alices.addTunnel(bob);
      bobs.updateDerp(2);
      await alices.eventuallyHasDerp(bob, 2);
      await bobs.neverClosed();
      expect(alices.seen.handshakesOf(bob)).to.equal(0);
    });

    it('say nothing more in the request in which they say goodbye', async () => {
      const { alices, bobs } = await acquainted();
      bobs.send({ ...requests.disconnect(), readyForHandshake: requests.readyForHandshake(alice).readyForHandshake });
      await bobs.eventuallyClosed();
      await alices.eventuallyDisconnected(bob);
      expect(alices.seen.handshakesOf(bob)).to.equal(0);
    });

    it('change several things in one request', async () => {
      const bobs = stage.peer(there, bob);
      bobs.updateDerp(2);
      const alices = stage.peer(here, alice);
      alices.send({
        ...requests.updateSelf(aNode({ of: alice, derp: 1 })),
        addTunnel: requests.addTunnel(bob).addTunnel,
      });
      await Promise.all([alices.eventuallyHasDerp(bob, 2), bobs.eventuallyHasDerp(alice, 1)]);
    });

    it('are not told of a node that differs only in when it was composed', async () => {
      const { alices, bobs } = await acquainted();
      bobs.send(requests.updateSelf(aNode({ of: bob, derp: 2, asOf: { seconds: 99n, nanos: 1 } })));
      bobs.updateDerp(3);
      await alices.eventuallyHasDerp(bob, 3);
      expect(alices.seen.historyOf(bob).map(({ derp }) => derp)).to.deep.equal([2, 3]);
    });

    describe('whose requests are malformed', () => {
      const nodeless = CoordinateRequest.create({ updateSelf: {} });
      // What a caller without types may send.
      const nothing: unknown = null;
      const withNothing = (request: CoordinateRequest): CoordinateRequest => {
        const readyForHandshake: unknown[] = [nothing];
        return Object.assign({}, request, { readyForHandshake });
      };
      const isRequest = (_: unknown): _ is CoordinateRequest => true;

      for (const [what, request, error] of [
        ['nothing at all', nothing, 'coordinate request is required'],
        ['an update without a node', nodeless, 'update_self node is required'],
        [
          'a handshake with nobody',
          withNothing(CoordinateRequest.create()),
          'ready_for_handshake entries must not be nil',
        ],
      ] as const) {
        it(`are ended with a reason, before authorisation: ${what}`, async () => {
          let asked = 0;
          const bobs = stage.peer(there, bob, {
            auth: () => {
              asked += 1;
            },
          });
          if (isRequest(request)) bobs.send(request);
          await bobs.eventuallyClosed(error);
          expect(asked).to.equal(0);
        });
      }

      it('take no effect in part: the node beside what is wrong is never seen', async () => {
        const observer = stage.peer(here, alice);
        const bobs = stage.peer(there, bob);
        observer.addTunnel(bob);
        bobs.updateDerp(31001);
        await observer.eventuallyHasDerp(bob, 31001);
        bobs.send(withNothing(requests.updateSelf(aNode({ of: bob, derp: 31002 }))));
        await bobs.eventuallyClosed('ready_for_handshake entries must not be nil');
        await observer.eventuallyLost(bob);
        await observer.neverHasDerp(bob, 31002);
      });
    });

    it('are not harmed by an exception in the authorisation of another one, whose details nobody hears', async () => {
      const healthy = stage.peer(here, alice);
      const other = stage.peer(here, carol);
      const broken = stage.peer(there, bob, {
        auth: (request) => {
          if (request.disconnect) throw new TypeError('a secret');
        },
      });
      healthy.addTunnel(bob);
      healthy.addTunnel(carol);
      healthy.updateDerp(1);
      broken.updateDerp(2);
      other.updateDerp(3);
      await Promise.all([healthy.eventuallyHasDerp(bob, 2), healthy.eventuallyHasDerp(carol, 3)]);
      await broken.eventuallyHasDerp(alice, 1);

      broken.send(requests.disconnect());
      await broken.eventuallyClosed('internal coordinator error');
      expect(JSON.stringify(broken.seen.log)).to.not.contain('secret');
      await healthy.eventuallyLost(bob);

      other.send(CoordinateRequest.create());
      other.send(CoordinateRequest.create({ updateSelf: { node: {} } }));
      other.updateDerp(4);
      await healthy.eventuallyHasDerp(carol, 4);
    });
  });
}
