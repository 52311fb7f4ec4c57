import { expect } from 'chai';
import { map } from 'rxjs';
import type { MultiAgent } from '../src/multiAgent.js';
import { aNode, alice, bob, carol, describeUpdates, marbles, nameOf } from '../src/testing/index.js';
import { onTime } from './streams/support/onTime.js';
import { virtualPeer } from './support/virtualPeer.js';

const inWords = ({ updates$ }: MultiAgent) => updates$.pipe(map((response) => describeUpdates(response).join(', ')));

describe('a multi-agent', () => {
  it(
    'connects at once, follows agents, and shows them its node',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const coordinator = createCoordinator();
      const at = onTime(scheduler);
      const [agent, other] = [virtualPeer(coordinator, bob), virtualPeer(coordinator, carol)];
      const multiAgent = coordinator.multiAgent(alice);
      expect(multiAgent.isClosed).to.equal(false);
      agent.derp(2);
      at(10, () => multiAgent.updateSelf(aNode({ derp: 1 })));
      at(20, () => multiAgent.subscribeAgent(bob));
      at(30, () => agent.derp(3));
      at(40, () => other.derp(9));
      at(50, () => multiAgent.unsubscribeAgent(bob));
      expectObservable(inWords(multiAgent)).toBe('20ms n 9ms u 19ms d', {
        n: 'bob NODE derp 2 (new)',
        u: 'bob NODE derp 3 (update)',
        d: 'bob DISCONNECTED (disconnected)',
      });
      at(60, () => {
        expect(agent.heard).to.deep.equal(['alice NODE derp 1 (new)', 'alice DISCONNECTED (disconnected)']);
        expect(database.rows.tunnels()).to.deep.equal([]);
      });
    }),
  );

  it(
    'queues nothing while nobody subscribes: changes merge, and what was told stays told',
    marbles(({ createCoordinator, scheduler, expectObservable }) => {
      const coordinator = createCoordinator();
      const at = onTime(scheduler);
      const agent = virtualPeer(coordinator, bob);
      const multiAgent = coordinator.multiAgent(alice);
      at(10, () => {
        multiAgent.subscribeAgent(bob);
        agent.derp(1);
      });
      at(20, () => agent.derp(2));
      at(70, () => agent.derp(3));
      at(80, () => agent.derp(4));
      expectObservable(inWords(multiAgent), '30ms ^ 29ms !').toBe('30ms n', { n: 'bob NODE derp 2 (new)' });
      expectObservable(inWords(multiAgent), '100ms ^').toBe('100ms u', { u: 'bob NODE derp 4 (update)' });
    }),
  );

  it(
    'says goodbye when it is closed, and then takes nothing more',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const coordinator = createCoordinator();
      const at = onTime(scheduler);
      const agent = virtualPeer(coordinator, bob);
      const multiAgent = coordinator.multiAgent(alice);
      at(10, () => {
        multiAgent.updateSelf(aNode({ derp: 1 }));
        multiAgent.subscribeAgent(bob);
        agent.derp(2);
      });
      at(20, () => {
        multiAgent.close();
        multiAgent.close();
        expect(multiAgent.isClosed).to.equal(true);
        for (const call of [
          () => multiAgent.updateSelf({}),
          () => multiAgent.subscribeAgent(bob),
          () => multiAgent.unsubscribeAgent(bob),
        ]) {
          expect(call).to.throw('multiagent is closed');
        }
      });
      at(30, () => {
        expect(database.rows.peers().map(({ peerId }) => nameOf(peerId))).to.deep.equal(['bob']);
        expect(database.rows.tunnels()).to.deep.equal([]);
        expect(agent.heard.at(-1)).to.equal('alice DISCONNECTED (disconnected)');
      });
      expectObservable(inWords(multiAgent)).toBe('10ms n 9ms |', { n: 'bob NODE derp 2 (new)' });
      expectObservable(inWords(multiAgent), '40ms ^').toBe('40ms |');
    }),
  );

  it(
    'is closed with its coordinator, and says why to whoever asks, then or later',
    marbles(({ createCoordinator, scheduler, expectObservable }) => {
      const coordinator = createCoordinator();
      const at = onTime(scheduler);
      const multiAgent = coordinator.multiAgent(alice);
      at(20, () => void coordinator.close());
      const error = { e: 'error: coordinator closed' };
      expectObservable(inWords(multiAgent)).toBe('20ms (e|)', error);
      expectObservable(inWords(multiAgent), '40ms ^').toBe('40ms (e|)', error);
      at(30, () => {
        expect(multiAgent.isClosed).to.equal(true);
        expect(() => multiAgent.subscribeAgent(bob)).to.throw('multiagent is closed');
        multiAgent.close();
      });
    }),
  );

  it(
    'is closed by a newer connection of the same peer',
    marbles(({ createCoordinator, scheduler, expectObservable }) => {
      const coordinator = createCoordinator();
      const multiAgent = coordinator.multiAgent(alice);
      onTime(scheduler)(20, () => coordinator.multiAgent(alice));
      expectObservable(inWords(multiAgent)).toBe('20ms (e|)', { e: 'error: peer ID overwritten by new connection' });
    }),
  );

  it(
    'may be closed by whom it tells something',
    marbles(({ createCoordinator, scheduler }) => {
      const coordinator = createCoordinator();
      const at = onTime(scheduler);
      const agent = virtualPeer(coordinator, bob);
      const multiAgent = coordinator.multiAgent(alice);
      at(10, () => {
        multiAgent.subscribeAgent(bob);
        agent.derp(2);
      });
      const heard: string[] = [];
      inWords(multiAgent).subscribe({
        next: (words) => {
          heard.push(words);
          multiAgent.close();
        },
        complete: () => heard.push('end'),
      });
      at(20, () => expect(heard).to.deep.equal(['bob NODE derp 2 (new)', 'end']));
    }),
  );
});
