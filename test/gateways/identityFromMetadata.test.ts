import { Metadata } from '@grpc/grpc-js';
import { expect } from 'chai';
import { AuthorizationError } from '../../src/auth/auth.js';
import { IdentityError, identityFromMetadata } from '../../src/gateways/index.js';
import { requests } from '../../src/proto/requests.js';
import { alice, bob } from './gatewayFixture.js';

const identify = (entries: Readonly<Record<string, string | readonly string[]>>) => {
  const metadata = new Metadata();
  for (const [name, values] of Object.entries(entries)) for (const value of [values].flat()) metadata.add(name, value);
  return identityFromMetadata({ metadata });
};

describe('identityFromMetadata', () => {
  it('takes the id for the name when none is given', () => {
    expect(identify({ 'x-peer-id': alice })).to.include({ id: alice, name: alice, role: 'peer' });
    expect(identify({ 'x-peer-id': alice, 'x-peer-name': '' })).to.include({ name: alice });
  });

  it('takes the name, and an id in upper case', () => {
    const said = { 'x-peer-id': alice.toUpperCase(), 'x-peer-name': 'Alice', 'x-unknown': 'x' };
    expect(identify(said)).to.include({ id: alice, name: 'Alice' });
  });

  it('lets an agent open no tunnel, and a client one to its agent only', () => {
    const agent = identify({ 'x-peer-id': alice, 'x-peer-role': 'agent' });
    expect(() => agent.auth(requests.addTunnel(bob))).to.throw(AuthorizationError);
    const client = identify({ 'x-peer-id': alice, 'x-peer-role': 'client', 'x-agent-id': bob });
    expect(client.role).to.equal('client');
    expect(client.auth(requests.addTunnel(bob))).to.equal(undefined);
    expect(() => client.auth(requests.addTunnel(alice))).to.throw(AuthorizationError);
  });

  const refused: readonly (readonly [entries: Record<string, string | string[]>, message: string])[] = [
    [{}, 'metadata "x-peer-id" is required: the UUID of the peer'],
    [{ 'x-peer-id': 'bob' }, 'metadata "x-peer-id" must be the UUID of the peer, got "bob"'],
    [{ 'x-peer-id': [alice, bob] }, 'metadata "x-peer-id" was given 2 times'],
    // How HTTP/2 brings two of the same name.
    [
      { 'x-peer-id': `${alice}, ${bob}` },
      `metadata "x-peer-id" must be the UUID of the peer, got "${alice}, ${bob.slice(0, 26)}…"`,
    ],
    [{ 'x-peer-id': '00000000-0000-0000-0000-000000000000' }, 'metadata "x-peer-id" must not be the nil UUID'],
    [{ 'x-peer-id': alice, 'x-peer-role': 'king' }, 'metadata "x-peer-role" must be peer, agent or client, got "king"'],
    [
      { 'x-peer-id': alice, 'x-peer-role': 'client' },
      'metadata "x-agent-id" is required: the UUID of the agent to talk to, with x-peer-role=client',
    ],
    [{ 'x-peer-id': alice, 'x-agent-id': bob }, 'metadata "x-agent-id" is accepted with x-peer-role=client only'],
    [
      { 'x-peer-id': alice, 'x-peer-role': 'agent', 'x-agent-id': bob },
      'metadata "x-agent-id" must be left out or equal to "x-peer-id" with x-peer-role=agent',
    ],
    [
      { 'x-peer-id': alice, 'x-peer-name': 'x'.repeat(129) },
      'metadata "x-peer-name" must have 128 characters at most and no control characters',
    ],
  ];
  for (const [entries, message] of refused) {
    it(`refuses ${JSON.stringify(entries).slice(0, 80)}`, () => {
      expect(() => identify(entries))
        .to.throw(IdentityError, message)
        .with.property('status', 400);
    });
  }
});
