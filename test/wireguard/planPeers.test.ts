import { expect } from 'chai';
import type { InterfacePeer } from '../../examples/wireguard/agent/interfacePeer.js';
import { meshAddress } from '../../examples/wireguard/agent/meshAddress.js';
import { nextSettings, nextSince, planPeers, readyPatience } from '../../examples/wireguard/agent/planPeers.js';
import type { ShownPeer, Situation, WireGuardChange } from '../../examples/wireguard/agent/planPeers.js';
import { wireguardPeer } from '../../examples/wireguard/agent/wireguardPeer.js';
import { toNodeKey } from '../../examples/wireguard/agent/wireguardKeys.js';
import { Node } from '../../src/proto/gen/tailnet.js';

const bob = 'b0b00000-0000-4000-8000-00000000000b';
const carol = 'ca401000-0000-4000-8000-00000000000c';

const keyOf = (letter: string): string => Buffer.alloc(32, letter).toString('base64');

const shown = (letter: string, rest: Partial<ShownPeer> & { readonly endpoint?: string } = {}): ShownPeer => {
  const { endpoint = '192.0.2.2:41641', ...status } = rest;
  const node = Node.fromPartial({ key: toNodeKey(keyOf(letter)), endpoints: [endpoint] });
  return { node, status: 'ok', isReadyForHandshake: false, ...status };
};

const present = (letter: string): InterfacePeer => ({
  publicKey: keyOf(letter),
  endpoint: undefined,
  latestHandshake: undefined,
});

/** Ourselves. */
const own = { id: 'a11ce000-0000-4000-8000-00000000000a', publicKey: keyOf('a') };

/** The plan as words: `set b 192.0.2.2:41641`, `remove b`. */
const words = (changes: readonly WireGuardChange[]): readonly string[] => {
  const letter = (key: string) => Buffer.from(key, 'base64').toString('latin1')[0] ?? '';
  return changes.map((change) =>
    change.kind === 'remove'
      ? `remove ${letter(change.publicKey)}`
      : `set ${letter(change.peer.publicKey)} ${change.peer.endpoint ?? 'passively'}`,
  );
};

const plan = (situation: Partial<Situation>): readonly string[] =>
  words(
    planPeers({
      own,
      shown: new Map(),
      since: new Map(),
      dialled: new Set(),
      present: [],
      settings: new Map(),
      now: 0,
      ...situation,
    }),
  );

/** What was set, when these peers were set with all that they publish. */
const settingsOf = (peers: ReadonlyMap<string, ShownPeer>): Situation['settings'] =>
  new Map(
    [...peers].flatMap(([id, { node }]) => {
      const peer = wireguardPeer(id, node);
      return peer === undefined ? [] : [[peer.publicKey, peer] as const];
    }),
  );

describe('what is to be done with the peers of a WireGuard interface', () => {
  it('sets who is there, with the address that belongs to the UUID, whatever the node claims', () => {
    const peer = shown('b');
    const node = Node.fromPartial({ ...peer.node, allowedIps: ['::/0', `${meshAddress(carol)}/128`] });
    const changes = planPeers({
      own,
      shown: new Map([[bob, { ...peer, node }]]),
      since: new Map(),
      dialled: new Set(),
      present: [],
      settings: new Map(),
      now: 0,
    });
    const allowedIps = [`${meshAddress(bob)}/128`];
    const set = { publicKey: keyOf('b'), endpoint: '192.0.2.2:41641', allowedIps };
    expect(changes).to.deep.equal([{ kind: 'set', peer: set }]);
  });

  it('does nothing about who is as it should be, wherever its packets come from meanwhile', () => {
    const peers = new Map([[bob, shown('b')]]);
    const elsewhere = { ...present('b'), endpoint: '198.51.100.7:1' };
    expect(plan({ shown: peers, present: [elsewhere], settings: settingsOf(peers) })).to.deep.equal([]);
  });

  it('sets again who publishes another endpoint, and who is not in the interface any more', () => {
    const peers = new Map([[bob, shown('b')]]);
    const settings = settingsOf(peers);
    const moved = new Map([[bob, shown('b', { endpoint: '192.0.2.33:41641' })]]);
    expect(plan({ shown: moved, present: [present('b')], settings })).to.deep.equal(['set b 192.0.2.33:41641']);
    expect(plan({ shown: peers, settings })).to.deep.equal(['set b 192.0.2.2:41641']);
  });

  it('takes the first endpoint that is one', () => {
    const peer = shown('b');
    const node = Node.fromPartial({
      ...peer.node,
      endpoints: ['bob.example:1', '[2001:db8::2]:41641', '192.0.2.2:41641'],
    });
    expect(plan({ shown: new Map([[bob, { ...peer, node }]]) })).to.deep.equal(['set b [2001:db8::2]:41641']);
  });

  it('keeps who is lost as it is, and does not set it', () => {
    const lost = new Map([[bob, shown('b', { status: 'lost', endpoint: '192.0.2.33:41641' })]]);
    expect(plan({ shown: lost, present: [present('b')] })).to.deep.equal([]);
    expect(plan({ shown: lost })).to.deep.equal([]);
  });

  it('removes who is not shown any more, before it sets others', () => {
    const peers = new Map([[carol, shown('c')]]);
    expect(plan({ shown: peers, present: [present('b')] })).to.deep.equal(['remove b', 'set c 192.0.2.2:41641']);
  });

  it('removes the key that somebody had before', () => {
    const peers = new Map([[bob, shown('B')]]);
    expect(plan({ shown: peers, present: [present('b')] })).to.deep.equal(['remove b', 'set B 192.0.2.2:41641']);
  });

  it('does nothing with who comes with a key that somebody else has', () => {
    const peers = new Map([
      [bob, shown('b')],
      [carol, shown('b', { endpoint: '192.0.2.3:41641' })],
    ]);
    expect(plan({ shown: peers })).to.deep.equal(['set b 192.0.2.2:41641']);
  });

  it('does nothing with who comes with the address that belongs to somebody else', () => {
    // The last 80 bits are the same.
    const twin = bob.replace('b0b00000', 'bad00000');
    const peers = new Map([
      [bob, shown('b')],
      [twin, shown('t')],
    ]);
    expect(plan({ shown: peers })).to.deep.equal(['set b 192.0.2.2:41641']);
  });

  it('does nothing with who comes with our own key or address', () => {
    const peers = new Map([
      [bob, shown('a')],
      [own.id.replace('a11ce000', 'bad00000'), shown('t')],
    ]);
    expect(plan({ shown: peers })).to.deep.equal([]);
  });

  it('believes whom it has dialled before it believes others, whoever came first', () => {
    const twin = carol.replace('ca401000', 'bad00000');
    const peers = new Map([
      ['bad00000-0000-4000-8000-0000000000bb', shown('b', { endpoint: '192.0.2.66:1' })],
      [twin, shown('t', { endpoint: '192.0.2.66:1' })],
      [bob, shown('b')],
      [carol, shown('c')],
    ]);
    expect(plan({ shown: peers, dialled: new Set([bob, carol]), present: [present('t')] })).to.deep.equal([
      'remove t',
      'set b passively',
      'set c passively',
    ]);
  });

  it('does nothing with a node that has no key', () => {
    const node = Node.fromPartial({ endpoints: ['192.0.2.2:41641'] });
    expect(plan({ shown: new Map([[bob, { ...shown('b'), node }]]) })).to.deep.equal([]);
  });

  describe('of whom it has dialled', () => {
    const dialled = new Set([bob]);

    it('only answers, until the other one is ready', () => {
      const peers = new Map([[bob, shown('b')]]);
      expect(plan({ shown: peers, dialled })).to.deep.equal(['set b passively']);
      const ready = new Map([[bob, shown('b', { isReadyForHandshake: true })]]);
      expect(plan({ shown: ready, dialled })).to.deep.equal(['set b 192.0.2.2:41641']);
      expect(plan({ shown: ready, dialled, present: [present('b')] })).to.deep.equal(['set b 192.0.2.2:41641']);
    });

    it('waits for five seconds and no longer', () => {
      const peers = new Map([[bob, shown('b')]]);
      const since = nextSince(new Map(), peers, 1000);
      expect(plan({ shown: peers, dialled, since, now: 1000 + readyPatience - 1 })).to.deep.equal(['set b passively']);
      expect(plan({ shown: peers, dialled, since, now: 1000 + readyPatience })).to.deep.equal([
        'set b 192.0.2.2:41641',
      ]);
    });

    it('does not wait again with who was set before', () => {
      const peers = new Map([[bob, shown('b')]]);
      const moved = new Map([[bob, shown('b', { endpoint: '192.0.2.33:41641' })]]);
      const settings = settingsOf(peers);
      const changes = plan({ shown: moved, dialled, present: [present('b')], settings });
      expect(changes).to.deep.equal(['set b 192.0.2.33:41641']);
    });
  });

  it('remembers since when each is there without a break', () => {
    const [there, lost] = [new Map([[bob, shown('b')]]), new Map([[bob, shown('b', { status: 'lost' })]])];
    const first = nextSince(new Map(), there, 1);
    expect([...first]).to.deep.equal([[bob, 1]]);
    expect([...nextSince(first, there, 2)]).to.deep.equal([[bob, 1]]);
    expect([...nextSince(nextSince(first, lost, 2), there, 3)]).to.deep.equal([[bob, 3]]);
    expect([...nextSince(first, new Map(), 2)]).to.deep.equal([]);
  });

  it('remembers what was set last', () => {
    const peers = new Map([[bob, shown('b')]]);
    const peer = settingsOf(peers).get(keyOf('b'));
    if (peer === undefined) throw new Error('no settings');
    const set = nextSettings(new Map(), [{ kind: 'set', peer }]);
    expect([...set.keys()]).to.deep.equal([keyOf('b')]);
    expect([...nextSettings(set, [{ kind: 'remove', publicKey: keyOf('b') }])]).to.deep.equal([]);
  });
});
