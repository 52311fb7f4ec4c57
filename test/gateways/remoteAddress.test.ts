import { expect } from 'chai';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { remoteAddress } from '../../src/gateways/remoteAddress.js';

/** A request over a socket from this address, with this `X-Forwarded-For`. */
const requestFrom = (address: string | undefined, forwardedFor?: string): IncomingMessage => {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: address });
  const request = new IncomingMessage(socket);
  if (forwardedFor !== undefined) request.headers['x-forwarded-for'] = forwardedFor;
  return request;
};

describe('remoteAddress', () => {
  it('is that of the socket, whatever a header says, when no proxy is trusted', () => {
    expect(remoteAddress([])(requestFrom('192.0.2.1', '198.51.100.1'))).to.equal('192.0.2.1');
  });

  it('is nothing when the socket has none', () => {
    expect(remoteAddress([])(requestFrom(undefined))).to.equal('');
    expect(remoteAddress(['loopback'])(requestFrom(undefined, '198.51.100.1'))).to.equal('');
  });

  for (const [why, trusted, address, forwardedFor, expected] of [
    ['the client that the proxy saw', ['10.0.0.1'], '10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['the proxy itself, which forwards nobody', ['10.0.0.1'], '10.0.0.1', undefined, '10.0.0.1'],
    ['the client, past two proxies', ['10.0.0.0/8'], '10.0.0.1', '198.51.100.1, 10.0.0.2', '198.51.100.1'],
    [
      'the last that is not trusted, whatever it claims',
      ['10.0.0.0/8'],
      '10.0.0.1',
      '203.0.113.9, 198.51.100.1',
      '198.51.100.1',
    ],
    ['a stranger that claims to be a proxy', ['10.0.0.1'], '192.0.2.1', '198.51.100.1', '192.0.2.1'],
    ['a stranger that claims to have come through one', ['10.0.0.1'], '10.0.0.1', '10.0.0.1, 192.0.2.1', '192.0.2.1'],
    ['the first of all when all are trusted', ['10.0.0.0/8'], '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['an IPv6 address', ['2001:db8::/32'], '2001:db8::1', '2001:db9::7', '2001:db9::7'],
    [
      'a proxy whose IPv4 address comes as an IPv6 one',
      ['10.0.0.1'],
      '::ffff:10.0.0.1',
      '198.51.100.1',
      '198.51.100.1',
    ],
    ['a loopback one', ['loopback'], '::1', '198.51.100.1', '198.51.100.1'],
    ['a private one', ['uniquelocal'], '192.168.1.1', '198.51.100.1', '198.51.100.1'],
    ['an address with a port', ['10.0.0.0/8'], '10.0.0.1', '198.51.100.1:4711, 10.0.0.2:80', '198.51.100.1'],
    ['an IPv6 address with a port', ['10.0.0.1'], '10.0.0.1', '[2001:db9::7]:4711', '2001:db9::7'],
    ['the proxy when it does not say who', ['10.0.0.1'], '10.0.0.1', 'unknown', '10.0.0.1'],
    ['the proxy when it says nonsense', ['10.0.0.1'], '10.0.0.1', '\u001b[31m', '10.0.0.1'],
    ['the client, whatever it has said itself', ['10.0.0.1'], '10.0.0.1', '<script>, 198.51.100.1', '198.51.100.1'],
    ['the client, past empty entries', ['10.0.0.1'], '10.0.0.1', ', 198.51.100.1, ,', '198.51.100.1'],
  ] as const) {
    it(`is ${why}`, () => {
      expect(remoteAddress(trusted)(requestFrom(address, forwardedFor))).to.equal(expected);
    });
  }

  for (const entry of [
    '',
    '10',
    '10.0.0',
    '10.0.0.0/33',
    '10.0.0.0/0',
    '10.0.0.0/255.0.0.0',
    '2001:db8::/129',
    'proxy.example',
    'fe80::1%eth0',
    'Loopback',
  ]) {
    it(`refuses at once to trust ${JSON.stringify(entry)}`, () => {
      expect(() => remoteAddress([entry])).to.throw(
        TypeError,
        `not an address or range: ${JSON.stringify(entry)}; it looks like`,
      );
    });
  }
});
