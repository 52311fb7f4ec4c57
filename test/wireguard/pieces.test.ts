import { createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import type { NetworkInterfaceInfo } from 'node:os';
import { expect } from 'chai';
import { firstValueFrom } from 'rxjs';
import { agentNode } from '../../examples/wireguard/agent/agentNode.js';
import { formatEndpoint, isEndpoint } from '../../examples/wireguard/agent/endpoint.js';
import { parseDump } from '../../examples/wireguard/agent/interfacePeer.js';
import { localEndpoints } from '../../examples/wireguard/agent/localEndpoints.js';
import { meshAddress } from '../../examples/wireguard/agent/meshAddress.js';
import { runCommand } from '../../examples/wireguard/agent/runCommand.js';
import { wgArguments, wgCommands } from '../../examples/wireguard/agent/wgArguments.js';
import { createKeys, fromNodeKey, toNodeKey } from '../../examples/wireguard/agent/wireguardKeys.js';
import type { WireGuardKeys } from '../../examples/wireguard/agent/wireguardKeys.js';
import { agentAuth } from '../../src/auth/agentAuth.js';
import { requests } from '../../src/proto/requests.js';

const bob = 'b0b00000-0000-4000-8000-00000000000b';

/** What `mine` and `theirs` agree on: 32 bytes with what RFC 8410 puts before them are keys that Node.js reads. */
const secretOf = (mine: WireGuardKeys, theirs: WireGuardKeys): Buffer => {
  const der = (prefix: string, key: string) => Buffer.concat([Buffer.from(prefix, 'hex'), Buffer.from(key, 'base64')]);
  return diffieHellman({
    privateKey: createPrivateKey({
      key: der('302e020100300506032b656e04220420', mine.privateKey),
      format: 'der',
      type: 'pkcs8',
    }),
    publicKey: createPublicKey({ key: der('302a300506032b656e032100', theirs.publicKey), format: 'der', type: 'spki' }),
  });
};

describe('the pieces of the WireGuard agent', () => {
  it('an address is the last 80 bits of the UUID below the prefix of the mesh', () => {
    expect(meshAddress('00112233-4455-6677-8899-aabbccddeeff')).to.equal('fd7a:115c:a1e0:6677:8899:aabb:ccdd:eeff');
    expect(meshAddress(bob)).to.equal('fd7a:115c:a1e0:4000:8000::b');
    expect(meshAddress(bob.toUpperCase())).to.equal('fd7a:115c:a1e0:4000:8000::b');
  });

  it('keys are those of X25519, new each time: what two of them agree on is the same on both sides', () => {
    const [one, other] = [createKeys(), createKeys()];
    expect(one.privateKey).not.to.equal(other.privateKey);
    expect(secretOf(one, other)).to.deep.equal(secretOf(other, one));
  });

  it('a key is 34 bytes in a node; what is none is none', () => {
    const { publicKey } = createKeys();
    const key = toNodeKey(publicKey);
    expect(key).to.have.length(34);
    expect(fromNodeKey(key)).to.equal(publicKey);
    expect(fromNodeKey(key.subarray(2))).to.equal(undefined);
    expect(fromNodeKey(Uint8Array.of(...key.subarray(0, 33)))).to.equal(undefined);
    expect(fromNodeKey(Uint8Array.of(0x6e, 0x71, ...key.subarray(2)))).to.equal(undefined);
    expect(fromNodeKey(new Uint8Array())).to.equal(undefined);
  });

  it('a node is one that an agent may publish', () => {
    const { publicKey } = createKeys();
    const endpoints = ['192.0.2.2:41641'];
    const node = agentNode({ id: bob, publicKey, discoKey: publicKey, derp: 3, endpoints, now: 1_700_000_000_000 });
    expect(() => agentAuth(bob)(requests.updateSelf(node))).not.to.throw();
    expect(node.disco).to.match(/^discokey:[0-9a-f]{64}$/);
    expect(node.id > 0n).to.equal(true);
    expect(node.asOf).to.include({ seconds: 1_700_000_000n, nanos: 0 });
    expect(node).to.deep.include({
      preferredDerp: 3,
      addresses: ['fd7a:115c:a1e0:4000:8000::b/128'],
      allowedIps: ['fd7a:115c:a1e0:4000:8000::b/128'],
      endpoints,
    });
  });

  it('an endpoint is an IP address and a port, and nothing that would have to be looked up', () => {
    for (const good of [
      '192.0.2.1:1',
      '[2001:db8::1]:65535',
      '[fd7a:115c:a1e1::1]:1',
      formatEndpoint('2001:db8::1', 7),
      formatEndpoint('192.0.2.1', 7),
    ]) {
      expect(isEndpoint(good), good).to.equal(true);
    }
    const bad = [
      '',
      'host:1',
      '192.0.2.1',
      '192.0.2.1:0',
      '192.0.2.1:65536',
      '2001:db8::1:1',
      '[192.0.2.1]:1',
      '192.0.2.1:1 peer x',
      // `wg` looks an interface up, and fails where there is none of that name.
      '[fe80::1%nope]:1',
      // These lead to nobody else: to this machine, to many, and back into the tunnel.
      ...['0.0.0.0:1', '[::]:1', '127.0.0.1:1', '[::1]:1', '[::ffff:127.0.0.1]:1'],
      ...['224.0.0.1:1', '255.255.255.255:1', '[ff02::1]:1'],
      ...['[fd7a:115c:a1e0::b]:1', '[fd7a:115c:a1e0:4000:8000::b]:1', '[FD7A:115C:A1E0:0:0:0:0:b]:1'],
    ];
    for (const text of bad) expect(isEndpoint(text), text).to.equal(false);
  });

  it('the endpoints of a machine are its addresses that others can reach, but not those in the mesh', () => {
    const address = (text: string, internal = false) => ({ address: text, internal }) as NetworkInterfaceInfo;
    const interfaces = {
      lo: [address('127.0.0.1', true), address('::1', true)],
      eth0: [address('192.0.2.2'), address('2001:db8::2'), address('fe80::1'), address('169.254.1.1')],
      wg0: [address('fd7a:115c:a1e0::b')],
      gone: undefined,
    };
    expect(localEndpoints(interfaces, 41641, 'wg0')).to.deep.equal(['192.0.2.2:41641', '[2001:db8::2]:41641']);
  });

  it('what wg says of peers is read', () => {
    const dump = [
      'private\tpublic\t41641\toff',
      'one=\t(none)\t192.0.2.2:41641\tfd7a::b/128\t1700000000\t180\t92\t25',
      'two=\t(none)\t(none)\t(none)\t0\t0\t0\toff',
      '',
    ].join('\n');
    expect(parseDump(dump)).to.deep.equal([
      { publicKey: 'one=', endpoint: '192.0.2.2:41641', latestHandshake: 1_700_000_000_000 },
      { publicKey: 'two=', endpoint: undefined, latestHandshake: undefined },
    ]);
    expect(parseDump('private\tpublic\t41641\toff\n')).to.deep.equal([]);
  });

  it('what wg is told of several peers is one command', () => {
    const words = wgArguments('wg0', [
      { kind: 'remove', publicKey: 'old=' },
      { kind: 'set', peer: { publicKey: 'one=', endpoint: '192.0.2.2:1', allowedIps: ['fd7a::b/128', 'fd7a::c/128'] } },
      { kind: 'set', peer: { publicKey: 'two=', endpoint: undefined, allowedIps: ['fd7a::d/128'] } },
    ]);
    expect(words.join(' ')).to.equal(
      'set wg0 peer old= remove' +
        ' peer one= endpoint 192.0.2.2:1 allowed-ips fd7a::b/128,fd7a::c/128 persistent-keepalive 25' +
        ' peer two= allowed-ips fd7a::d/128 persistent-keepalive 25',
    );
  });

  it('wg is told of thousands of peers in commands that Linux takes, and what it says of them is read', async () => {
    const change = (index: number) => {
      const publicKey = Buffer.alloc(32, String(index)).toString('base64');
      const allowedIps = [`${meshAddress(bob)}/128`];
      return { kind: 'set', peer: { publicKey, endpoint: '[2001:db8::1]:41641', allowedIps } } as const;
    };
    const commands = wgCommands(
      'wg0',
      Array.from({ length: 20_000 }, (_, index) => change(index)),
    );
    expect(commands.flat().filter((word) => word === 'peer').length).to.equal(20_000);
    for (const command of commands) {
      expect(command.slice(0, 2)).to.deep.equal(['set', 'wg0']);
      expect(command.join(' ').length).to.be.lessThan(131_072);
    }
    const script = 'process.stdout.write("x".repeat(3_000_000))';
    expect((await firstValueFrom(runCommand(process.execPath, ['-e', script]))).length).to.equal(3_000_000);
  });
});
