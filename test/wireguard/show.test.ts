import { expect } from 'chai';
import type { AgentEvent } from '../../examples/wireguard/agent/agentEvent.js';
import { createFactLog } from '../../examples/wireguard/demo/factLog.js';
import type { Fact } from '../../examples/wireguard/demo/fact.js';
import { picture } from '../../examples/wireguard/demo/picture.js';
import { nextEchoes, noEchoes, unanswered } from '../../examples/wireguard/demo/pings.js';
import { missingRequirements } from '../../examples/wireguard/demo/requirements.js';
import { firstScene, newsOf, nextScene } from '../../examples/wireguard/demo/scene.js';
import { createShow } from '../../examples/wireguard/demo/show.js';

const alice = 'a11ce000-0000-4000-8000-00000000000a';
const bob = 'b0b00000-0000-4000-8000-00000000000b';

const says = (host: 'alice' | 'bob', said: AgentEvent): Fact => ({ kind: 'agent', host, said });
const tells = (peer: string, kind: string): AgentEvent => ({ event: 'peer', peer, kind, reason: 'why' });
const connected: AgentEvent = { event: 'connection', state: 'connected', url: 'ws://192.0.2.102:7350/' };

const pictureOf = (...facts: readonly Fact[]): string => picture(facts.reduce(nextScene, firstScene)).join('\n');

describe('what the WireGuard demo shows', () => {
  it('is a picture of coordinators, hosts and tunnels', () => {
    const answer = '64 bytes from fd7a::b: icmp_seq=9 ttl=64 time=0.5 ms';
    const shown = pictureOf(
      { kind: 'step', text: 'first line\nsecond line' },
      { kind: 'coordinator', name: 'north', state: 'killed' },
      { kind: 'address', host: 'bob', address: '192.0.2.33' },
      says('bob', { event: 'up', interface: 'wg0', address: '', publicKey: '' }),
      says('bob', connected),
      says('alice', tells(bob, 'node')),
      { kind: 'echoes', from: 'alice', to: 'bob', echoes: nextEchoes(noEchoes, answer) },
    );
    expect(shown).to.match(/✗ north +192\.0\.2\.101 +killed\n/);
    expect(shown).to.match(/· south +192\.0\.2\.102 +starting +bob\n/);
    expect(shown).to.match(/● bob +192\.0\.2\.33 +running +fd7a:115c:a1e0:4000:8000::b\n/);
    expect(shown).to.match(/alice ═══════ bob +ok +9 pings, 7 lost\n/);
    expect(shown).to.contain('\n  first line\n  second line\n');
    expect(shown).to.contain('bob: connected to south');
  });

  it('shows that a peer is lost, that it has left, and that nobody pings any more', () => {
    const met = says('alice', tells(bob, 'node'));
    expect(pictureOf(met, says('alice', tells(bob, 'lost')))).to.match(/alice ╌╌╌╌╌╌╌ bob +lost/);
    for (const kind of ['disconnected', 'expired']) {
      expect(pictureOf(met, says('alice', tells(bob, kind)))).to.match(/alice {9}bob\n/);
    }
    expect(pictureOf(met, says('alice', tells(bob, 'readyForHandshake')))).to.match(/alice ═══════ bob +ok/);
    const echoes = { sent: 1, answered: new Set([1]) };
    const pinged: Fact = { kind: 'echoes', from: 'alice', to: 'bob', echoes };
    expect(pictureOf(pinged, { kind: 'quiet', from: 'alice', to: 'bob' })).to.contain('1 pings, 0 lost, no more');
  });

  it('shows where an agent is connected, for as long as it is', () => {
    expect(pictureOf(says('bob', connected))).to.match(/south .* bob\n/);
    const broken: AgentEvent = { event: 'connection', state: 'waiting', url: 'ws://192.0.2.102:7350/', reason: 'gone' };
    expect(pictureOf(says('bob', connected), says('bob', broken))).to.match(/south +192\.0\.2\.102 +starting\n/);
  });

  it('forgets what an agent knew that has ended', () => {
    const known = [says('bob', connected), says('alice', tells(bob, 'node'))];
    const ended = pictureOf(
      ...known,
      { kind: 'ended', host: 'alice', how: 'left' },
      { kind: 'ended', host: 'bob', how: 'killed' },
    );
    expect(ended).to.match(/○ alice +192\.0\.2\.1 +left/);
    expect(ended).to.match(/✗ bob +192\.0\.2\.2 +killed/);
    expect(ended).to.match(/south +192\.0\.2\.102 +starting\n/);
    expect(ended).not.to.contain('═');
  });

  it('is no wider than the terminal', () => {
    const scene = nextScene(firstScene, { kind: 'holds', text: 'x'.repeat(200) });
    expect(Math.max(...picture(scene, 60).map(({ length }) => length))).to.equal(60);
  });

  it('is a line for each thing where there is no terminal, with short keys', () => {
    let text = '';
    using show = createShow({ isTerminal: false, columns: 80, write: (more) => (text += more) });
    show.tell({ kind: 'step', text: '1. Begin.' });
    const key = Buffer.alloc(32, 1).toString('base64');
    show.tell(says('alice', { event: 'wg', words: ['set', 'wg0', 'peer', key, 'remove'] }));
    show.tell({ kind: 'quiet', from: 'alice', to: 'bob' });
    show.tell({ kind: 'holds', text: 'it works' });
    expect(text).to.equal('\n1. Begin.\n  alice: wg set wg0 peer AQEBAQ… remove\n  ✓ it works\n');
  });

  it('is drawn in the place of the picture before, on a terminal', () => {
    let text = '';
    const show = createShow({ isTerminal: true, columns: 80, write: (more) => (text += more) });
    show.tell({ kind: 'step', text: 'the only step' });
    expect(text).to.equal('');
    show[Symbol.dispose]();
    expect(text).to.contain('  the only step\u001b[K\n');
    text = '';
    show[Symbol.dispose]();
    expect(text.startsWith('\u001b[12F')).to.equal(true);
  });

  it('says of each event what people want to know', () => {
    const line = (said: AgentEvent) => newsOf(says('bob', said));
    expect(line(tells(alice, 'lost'))).to.equal('bob: alice LOST (why)');
    expect(line(tells(alice, 'expired'))).to.equal('bob: alice expired (why)');
    const waiting = { event: 'connection', state: 'waiting', url: 'ws://192.0.2.101/', reason: 'gone' } as const;
    expect(line(waiting)).to.equal('bob: no connection to north: gone');
    expect(line({ ...waiting, state: 'connecting' })).to.equal(undefined);
    expect(line({ event: 'endpoints', endpoints: ['a:1', 'b:1'] })).to.equal('bob: publishes a:1, b:1');
  });
});

describe('pings are counted', () => {
  const heard = (...lines: readonly string[]) => lines.reduce(nextEchoes, noEchoes);
  const answer = (sequence: number) => `64 bytes from fd7a::b: icmp_seq=${sequence} ttl=64 time=0.5 ms`;
  const none = (sequence: number) => `no answer yet for icmp_seq=${sequence}`;

  it('by their answers, however late, and by those that are missed', () => {
    const echoes = heard('PING fd7a::b(fd7a::b) 56 data bytes', answer(1), none(2), answer(3), none(4));
    expect(echoes.sent).to.equal(4);
    expect(unanswered(echoes, 0, 4)).to.equal(2);
    expect(unanswered(echoes, 2, 3)).to.equal(0);
    expect(unanswered(nextEchoes(echoes, answer(2)), 0, 4)).to.equal(1);
  });

  it('and an error from on the way is no answer', () => {
    expect(unanswered(heard('From fd7a::a icmp_seq=1 Destination unreachable: No route'), 0, 1)).to.equal(1);
  });
});

describe('the WireGuard demo says why it cannot run', () => {
  const machine = {
    platform: 'linux',
    isRoot: true,
    hasTunnels: true,
    hasIpv6: true,
    hasProgram: () => true,
    canMakeNamespaces: () => true,
  };

  it('and nothing where it can', () => {
    expect(missingRequirements(machine)).to.equal(undefined);
  });

  it('in one line, with what to install', () => {
    const hasProgram = (name: string) => !name.startsWith('wg') && !name.startsWith('wire');
    expect(missingRequirements({ ...machine, hasProgram })).to.equal(
      'it needs wg, wireguard-go; on Debian, apt-get install wireguard-tools wireguard-go',
    );
    expect(missingRequirements({ ...machine, isRoot: false, hasTunnels: false, hasIpv6: false })).to.equal(
      'it needs root, to make network namespaces, /dev/net/tun (modprobe tun; in a container, --device /dev/net/tun' +
        ' --cap-add NET_ADMIN), IPv6',
    );
    expect(missingRequirements({ ...machine, platform: 'darwin' })).to.contain('Linux');
    expect(missingRequirements({ ...machine, canMakeNamespaces: () => false })).to.contain('namespaces');
  });
});

describe('who waits for something in the WireGuard demo', () => {
  const step = (text: string): Fact => ({ kind: 'step', text });

  it('gets what comes after a position, be it there already or not', async () => {
    const log = createFactLog(() => {});
    log.tell(step('a'));
    const isA = (fact: Fact) => fact.kind === 'step' && fact.text === 'a';
    await log.next(0, isA, 'a');
    let isThere = false;
    const later = log.next(log.position(), isA, 'another a').then(() => (isThere = true));
    log.tell(step('b'));
    await new Promise(setImmediate);
    expect(isThere).to.equal(false);
    log.tell(step('a'));
    await later;
  });

  it('is told when the demo fails, and why', async () => {
    const log = createFactLog(() => {});
    const waiting = log.next(0, () => true, 'anything');
    log.fail(new Error('the database ended'));
    log.fail(new Error('and the rest with it'));
    for (const promise of [waiting, log.until(() => false, 'nothing'), log.failed]) {
      const reason: unknown = await promise.then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(String(reason)).to.equal('Error: the database ended');
    }
  });
});
