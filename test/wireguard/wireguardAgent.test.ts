import { expect } from 'chai';
import { NEVER, concat, defer, delay, finalize, of, takeUntil, timer } from 'rxjs';
import type { Observable } from 'rxjs';
import type { AgentEvent } from '../../examples/wireguard/agent/agentEvent.js';
import { wireguardAgent } from '../../examples/wireguard/agent/wireguardAgent.js';
import { coordinatorTransport } from '../../src/client/coordinatorTransport.js';
import type { Transport } from '../../src/client/transport.js';
import { requests } from '../../src/proto/requests.js';
import { marbles } from '../../src/testing/index.js';
import type { MarblesContext } from '../../src/testing/marbles.js';
import { fakeInterface } from './fakeInterface.js';
import type { FakeInterface } from './fakeInterface.js';

const alice = 'a11ce000-0000-4000-8000-00000000000a';
const bob = 'b0b00000-0000-4000-8000-00000000000b';
const names: Readonly<Record<string, string>> = { [alice]: 'alice', [bob]: 'bob' };

/** An agent in virtual time. */
interface Played {
  readonly events$: Observable<AgentEvent>;
  readonly wireguard: FakeInterface;
}

interface PlayedOptions {
  readonly id: string;
  readonly tunnels?: readonly string[];
  readonly endpoints$?: Observable<readonly string[]>;
  readonly goodbye$?: Observable<unknown>;
  readonly transport: Transport;
  /** How the interface is looked at. */
  readonly look?: (wireguard: FakeInterface) => FakeInterface['peers$'];
}

/** When the agents of a test end without a word, in milliseconds; the coordinators do a little later. */
const end = 24 * 60_000;

const play = ({ scheduler }: MarblesContext, options: PlayedOptions): Played => {
  const fake = fakeInterface();
  const wireguard = { ...fake, peers$: options.look?.(fake) ?? fake.peers$ };
  const events$ = wireguardAgent({
    tunnels: [],
    endpoints$: concat(of(['192.0.2.1:41641']), NEVER),
    goodbye$: NEVER,
    ...options,
    urls: [new URL('ws://192.0.2.101/')],
    derp: 1,
    interface: { name: 'wg0', port: 41641 },
    makeInterface: () => concat(of(wireguard), NEVER),
    scheduler,
  });
  return { events$: events$.pipe(takeUntil(timer(end - scheduler.now(), scheduler))), wireguard };
};

/**
 * Notes what an agent is told of others and what it does about that, with the time in seconds: `6.0 alice: set
 * 192.0.2.2:41641`.
 */
const note = (log: string[], who: string, { events$ }: Played, { scheduler }: MarblesContext) => {
  const tell = (text: string) => log.push(`${(scheduler.now() / 1000).toFixed(1)} ${who}: ${text}`);
  return events$.subscribe({
    next: (said) => {
      if (said.event === 'peer') tell(`${names[said.peer] ?? said.peer} ${said.kind}`);
      if (said.event === 'wg') {
        const endpoint = said.words[said.words.indexOf('endpoint') + 1] ?? '';
        if (said.words.includes('remove')) tell('remove');
        else tell(said.words.includes('endpoint') ? `set ${endpoint}` : 'set passively');
      }
    },
    complete: () => tell('over'),
  });
};

/** Plays a test to its end in virtual time, and returns what was noted. */
const played = (body: (log: string[], context: MarblesContext) => void): readonly string[] => {
  const log: string[] = [];
  marbles((context) => body(log, context), { until: end + 1 })();
  // How the test itself ends is of no interest.
  return log.filter((line) => Number.parseFloat(line) < end / 1000);
};

describe('the WireGuard agent', () => {
  it('sets its peers, and begins the handshakes with those it has dialled when they are ready', () => {
    const log = played((notes, context) => {
      const transport = coordinatorTransport(context.createCoordinator());
      note(notes, 'alice', play(context, { id: alice, tunnels: [bob], transport }), context);
      context.scheduler.schedule(() => {
        const endpoints$ = concat(of(['192.0.2.2:41641']), NEVER);
        note(notes, 'bob', play(context, { id: bob, endpoints$, transport }), context);
      }, 1_000);
    });
    expect(log.filter((line) => line.includes('alice:'))).to.deep.equal([
      '1.0 alice: bob node',
      '1.0 alice: set passively',
      '1.0 alice: bob readyForHandshake',
      '1.0 alice: set 192.0.2.2:41641',
    ]);
    expect(log.filter((line) => line.includes('bob:'))).to.deep.equal([
      '1.0 bob: alice node',
      '1.0 bob: set 192.0.2.1:41641',
      '1.0 bob: alice readyForHandshake',
    ]);
  });

  it('waits for five seconds for a peer that never says that it is ready', () => {
    const log = played((notes, context) => {
      const coordinator = context.createCoordinator();
      const transport = coordinatorTransport(coordinator);
      note(notes, 'alice', play(context, { id: alice, tunnels: [bob], transport }), context);
      const key = Uint8Array.of(...Buffer.from('np'), ...new Uint8Array(32).fill(7));
      const node = requests.updateSelf({ key, preferredDerp: 1, endpoints: ['192.0.2.2:41641'] });
      coordinator.coordinate$(bob, concat(of(node), NEVER)).subscribe();
    });
    expect(log.slice(0, 3)).to.deep.equal([
      '0.0 alice: bob node',
      '0.0 alice: set passively',
      '5.0 alice: set 192.0.2.2:41641',
    ]);
  });

  it('keeps who is lost until 15 minutes after the last handshake', () => {
    const minute = 60_000;
    const log = played((notes, context) => {
      const { scheduler } = context;
      const transport = coordinatorTransport(context.createCoordinator());
      const alices = play(context, { id: alice, tunnels: [bob], transport });
      note(notes, 'alice', alices, context);
      const bobs = play(context, { id: bob, transport }).events$.subscribe();
      scheduler.schedule(() => bobs.unsubscribe(), minute);
      scheduler.schedule(() => alices.wireguard.handshake(scheduler.now()), 3 * minute);
    });
    expect(log.slice(-3)).to.deep.equal(['60.0 alice: bob lost', '1080.0 alice: bob expired', '1080.0 alice: remove']);
  });

  it('looks once for the handshakes of all who are lost, however many they are', () => {
    let [looking, most] = [0, 0];
    played((_notes, context) => {
      const { scheduler } = context;
      const coordinator = context.createCoordinator();
      const look = ({ peers$ }: FakeInterface) =>
        defer(() => {
          most = Math.max(most, ++looking);
          return peers$.pipe(
            delay(10, scheduler),
            finalize(() => looking--),
          );
        });
      const transport = coordinatorTransport(coordinator);
      play(context, { id: alice, transport, look }).events$.subscribe();
      for (let index = 0; index < 50; index++) {
        const id = bob.replace('b0b00000', `b0b000${String(index + 10)}`);
        const node = requests.updateSelf({ preferredDerp: 1 });
        const gone$ = timer(1000, scheduler);
        coordinator
          .coordinate$(id, concat(of(node, requests.addTunnel(alice)), NEVER))
          .pipe(takeUntil(gone$))
          .subscribe();
      }
    });
    // One more is that of whoever programs.
    expect(most).to.be.within(1, 2);
  });

  it('removes who says goodbye at once, and is over when it has said goodbye itself', () => {
    const log = played((notes, context) => {
      const transport = coordinatorTransport(context.createCoordinator());
      note(notes, 'alice', play(context, { id: alice, tunnels: [bob], transport }), context);
      const goodbye$ = timer(2_000, context.scheduler);
      note(notes, 'bob', play(context, { id: bob, goodbye$, transport }), context);
    });
    expect(log.filter((line) => line.includes('alice:')).slice(-2)).to.deep.equal([
      '2.0 alice: bob disconnected',
      '2.0 alice: remove',
    ]);
    expect(log.at(-1)).to.be.oneOf(['2.0 alice: remove', '2.0 bob: over']);
    expect(log).to.include('2.0 bob: over');
  });

  it('publishes new endpoints over a new connection, and sets those of others', () => {
    const log = played((notes, context) => {
      const coordinator = context.createCoordinator();
      note(
        notes,
        'alice',
        play(context, { id: alice, tunnels: [bob], transport: coordinatorTransport(coordinator) }),
        context,
      );
      let connections = 0;
      const counted: Transport = {
        ...coordinatorTransport(coordinator),
        connect$: (call) => {
          connections += 1;
          notes.push(`${(context.scheduler.now() / 1000).toFixed(1)} bob: connection ${connections}`);
          return coordinatorTransport(coordinator).connect$(call);
        },
      };
      const moving$ = context.cold('a 2999ms b', { a: ['192.0.2.2:41641'], b: ['192.0.2.33:41641'] });
      play(context, { id: bob, endpoints$: moving$, transport: counted }).events$.subscribe();
    });
    expect(log.filter((line) => line.startsWith('3.0'))).to.include.members([
      '3.0 bob: connection 2',
      '3.0 alice: set 192.0.2.33:41641',
    ]);
    expect(log.filter((line) => line.includes('alice: remove'))).to.deep.equal([]);
  });
});
