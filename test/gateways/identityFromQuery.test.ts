import { expect } from 'chai';
import { AuthorizationError } from '../../src/auth/auth.js';
import { IdentityError, identityFromQuery } from '../../src/gateways/index.js';
import { requests } from '../../src/proto/requests.js';

const alice = 'a11ce000-0000-4000-8000-000000000001';
const bob = 'b0b00000-0000-4000-8000-000000000002';
const identify = (query: string) => identityFromQuery({ url: `/api/v2/coordinate?${query}` });

describe('identityFromQuery', () => {
  it('takes the id for the name when none is given', () => {
    expect(identify(`id=${alice}`)).to.include({ id: alice, name: alice, role: 'peer' });
    expect(identify(`id=${alice}&name=`)).to.include({ name: alice });
  });

  it('decodes the name', () => {
    expect(identify(`id=${alice}&name=Alice%20in%20Z%C3%BCrich`)).to.include({ name: 'Alice in Zürich' });
  });

  it('turns the id into lower case', () => {
    expect(identify(`id=${alice.toUpperCase()}`)).to.include({ id: alice });
  });

  it('ignores parameters that it does not know', () => {
    expect(identify(`version=2.0&id=${alice}&token=x`)).to.include({ id: alice });
  });

  it('lets a peer open any tunnel', () => {
    expect(identify(`id=${alice}&role=peer`).auth(requests.addTunnel(bob))).to.equal(undefined);
  });

  it('lets an agent open none', () => {
    const { role, auth } = identify(`id=${alice}&role=agent`);
    expect(role).to.equal('agent');
    expect(() => auth(requests.addTunnel(bob))).to.throw(AuthorizationError, 'agents cannot open tunnels');
  });

  it('lets a client open a tunnel to its agent only', () => {
    const { role, agentId, auth } = identify(`id=${alice}&role=client&agent=${bob.toUpperCase()}`);
    expect({ role, agentId }).to.deep.equal({ role: 'client', agentId: bob });
    expect(auth(requests.addTunnel(bob))).to.equal(undefined);
    expect(() => auth(requests.addTunnel(alice))).to.throw(AuthorizationError, `invalid agent id, expected ${bob}`);
  });

  it('lets an agent name itself as its agent', () => {
    expect(identify(`id=${alice}&role=agent&agent=${alice}`)).to.include({ role: 'agent' });
  });

  const table: readonly (readonly [query: string, message: string])[] = [
    ['', 'query parameter "id" is required: the UUID of the peer'],
    ['id=', 'query parameter "id" must be the UUID of the peer, got ""'],
    ['id=alice', 'query parameter "id" must be the UUID of the peer, got "alice"'],
    [`id=${alice}x`, `query parameter "id" must be the UUID of the peer, got "${alice}x"`],
    ['id=a%0D%0Ab', String.raw`query parameter "id" must be the UUID of the peer, got "a\r\nb"`],
    [`id=${'x'.repeat(99)}`, `query parameter "id" must be the UUID of the peer, got "${'x'.repeat(64)}…"`],
    [`id=${alice}&id=${bob}`, 'query parameter "id" was given 2 times'],
    ['id=00000000-0000-0000-0000-000000000000', 'query parameter "id" must not be the nil UUID'],
    [`id=${alice}&role=admin`, 'query parameter "role" must be peer, agent or client, got "admin"'],
    [`id=${alice}&role=`, 'query parameter "role" must be peer, agent or client, got ""'],
    [
      `id=${alice}&role=client`,
      'query parameter "agent" is required: the UUID of the agent to talk to, with role=client',
    ],
    [
      `id=${alice}&role=client&agent=bob`,
      'query parameter "agent" must be the UUID of the agent to talk to, with role=client, got "bob"',
    ],
    [`id=${alice}&agent=${bob}`, 'query parameter "agent" is accepted with role=client only'],
    [
      `id=${alice}&role=agent&agent=${bob}`,
      'query parameter "agent" must be left out or equal to "id" with role=agent',
    ],
    [
      `id=${alice}&name=${'x'.repeat(129)}`,
      'query parameter "name" must have 128 characters at most and no control characters',
    ],
    [`id=${alice}&name=a%1B%5B2J`, 'query parameter "name" must have 128 characters at most and no control characters'],
  ];
  for (const [query, message] of table) {
    it(`refuses "?${query.length > 60 ? `${query.slice(0, 60)}…` : query}"`, () => {
      expect(() => identify(query))
        .to.throw(IdentityError)
        .that.includes({ status: 400, message });
    });
  }

  it('asks for an id when there is no query at all', () => {
    expect(() => identityFromQuery({ url: '/api/v2/coordinate' })).to.throw(IdentityError, '"id" is required');
  });
});
