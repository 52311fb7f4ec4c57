import { expect } from 'chai';
import { agentAuth, AuthorizationError, clientAuth, observerAuth, peerAuth } from '../../src/auth/index.js';
import type { Auth } from '../../src/auth/index.js';
import type { CoordinateRequest } from '../../src/proto/index.js';
import { requests } from '../../src/proto/index.js';

const agent = '00112233-4455-6677-8899-aabbccddeeff';
const other = 'ffeeddcc-bbaa-9988-7766-554433221100';

const underTailscale = 'fd7a:115c:a1e0:6677:8899:aabb:ccdd:eeff';
const underCoder = 'fd60:627a:a42b:6677:8899:aabb:ccdd:eeff';
const legacy = 'fd7a:115c:a1e0:49d6:b259:b7ac:b1b2:48f4';
const foreign = 'fd7a:115c:a1e0:9988:7766:5544:3322:1100';

const empty: CoordinateRequest = requests.readyForHandshake();
const withAddresses = (...addresses: string[]) => requests.updateSelf({ addresses });

/** What an authorisation says, and whether that is a refusal or a defect. */
function verdict(auth: Auth, request: CoordinateRequest): string {
  try {
    expect(auth(request)).to.equal(undefined);
    return 'allowed';
  } catch (error) {
    expect(error).to.be.instanceOf(AuthorizationError);
    return (error as Error).message;
  }
}

const allowed = 'allowed';
const acknowledgementRefused = 'clients may not send ready_for_handshake';

/** Request by request: what is said to a peer, to the agent and to a client of the agent. */
const table: [what: string, request: CoordinateRequest, peer: string, agent: string, client: string][] = [
  ['an empty request', empty, allowed, allowed, allowed],
  ['a goodbye', requests.disconnect(), allowed, allowed, allowed],
  ['a tunnel to the agent', requests.addTunnel(agent), allowed, 'agents cannot open tunnels', allowed],
  [
    'a tunnel to another',
    requests.addTunnel(other),
    allowed,
    'agents cannot open tunnels',
    `invalid agent id, expected ${agent}, got ${other}`,
  ],
  [
    'a tunnel to three bytes',
    { ...empty, addTunnel: { id: new Uint8Array(3) } },
    allowed,
    'agents cannot open tunnels',
    'parse add tunnel id: a UUID has 16 bytes, got 3',
  ],
  ['the end of a tunnel', requests.removeTunnel(other), allowed, allowed, allowed],
  ['an acknowledgement', requests.readyForHandshake(other), allowed, allowed, acknowledgementRefused],
  ['an empty node', requests.updateSelf({}), allowed, allowed, allowed],
  [
    'an update without a node',
    { ...empty, updateSelf: { node: undefined } },
    allowed,
    'update_self node is required',
    'update_self node is required',
  ],
  ['the address under the first prefix', withAddresses(`${underTailscale}/128`), allowed, allowed, allowed],
  ['the address under the second prefix', withAddresses(`${underCoder}/128`), allowed, allowed, allowed],
  ['the legacy address', withAddresses(`${legacy}/128`), allowed, allowed, allowed],
  ['its address in capitals', withAddresses(`${underTailscale.toUpperCase()}/128`), allowed, allowed, allowed],
  [
    'all its addresses',
    withAddresses(`${underTailscale}/128`, `${underCoder}/128`, `${legacy}/128`),
    allowed,
    allowed,
    allowed,
  ],
  [
    "another agent's address",
    withAddresses(`${foreign}/128`),
    allowed,
    `invalid node address, got ${foreign}`,
    allowed,
  ],
  [
    "its own and another agent's address",
    withAddresses(`${underTailscale}/128`, `${foreign}/128`),
    allowed,
    `invalid node address, got ${foreign}`,
    allowed,
  ],
  [
    'an address in an unusual form',
    withAddresses('FD7A:115C:A1E0:0000::0001/128'),
    allowed,
    'invalid node address, got fd7a:115c:a1e0::1',
    allowed,
  ],
  [
    'an IPv4 address as IPv6',
    withAddresses('::ffff:1.2.3.4/128'),
    allowed,
    'invalid node address, got ::ffff:1.2.3.4',
    allowed,
  ],
  ...(
    [
      [`${underTailscale}/64`, 64],
      ['100.64.0.1/32', 32],
      ['::/0', 0],
    ] as const
  ).map(([address, bits]): (typeof table)[number] => {
    const refusal = `invalid address bits, expected 128, got ${String(bits)}`;
    return [`the prefix ${address}`, withAddresses(address), allowed, refusal, refusal];
  }),
  ...[
    underTailscale,
    'hello',
    '',
    `${underTailscale}%eth0/128`,
    `${underTailscale}/0128`,
    '100.064.0.1/32',
    '100.64.0.1/128',
  ].map((address): (typeof table)[number] => {
    const refusal = `parse node address: "${address}" is not an IP prefix`;
    return [`the text "${address}" for an address`, withAddresses(address), allowed, refusal, refusal];
  }),
];

for (const [who, auth, column] of [
  ['peerAuth', peerAuth(), 2],
  ['agentAuth', agentAuth(agent), 3],
  ['clientAuth', clientAuth(agent), 4],
] as const) {
  describe(who, () => {
    for (const row of table) {
      const expected = row[column];
      it(`${expected === allowed ? 'allows' : 'refuses'} ${row[0]}`, () => {
        expect(verdict(auth, row[1])).to.equal(expected);
      });
    }
  });
}

describe('observerAuth', () => {
  it('allows nothing', () => {
    for (const request of [requests.updateSelf({}), requests.addTunnel(agent), requests.disconnect()]) {
      expect(verdict(observerAuth(), request)).to.equal('an observer may look, and not connect as a peer');
    }
  });
});

for (const [who, makeAuth] of [
  ['agentAuth', agentAuth],
  ['clientAuth', clientAuth],
] as const) {
  describe(who, () => {
    it('takes the id in capitals', () => {
      expect(verdict(makeAuth(agent.toUpperCase()), withAddresses(`${underTailscale}/128`))).to.equal(allowed);
    });

    it('is not made for what is no id', () => {
      expect(() => makeAuth('agent')).to.throw(TypeError, /^not a UUID: "agent"$/);
    });

    it('refuses an address of megabytes in few words', () => {
      const refusal = verdict(makeAuth(agent), withAddresses(`${'1:'.repeat(2_000_000)}/128`));
      expect(refusal)
        .to.match(/^parse node address: "1:1:/)
        .and.have.length.below(120);
    });

    it('refuses one bad part of a request though the others are good', () => {
      const request = { ...requests.disconnect(), updateSelf: withAddresses('nowhere').updateSelf };
      expect(verdict(makeAuth(agent), request)).to.equal('parse node address: "nowhere" is not an IP prefix');
    });
  });
}
