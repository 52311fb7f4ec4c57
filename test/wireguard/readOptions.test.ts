import { expect } from 'chai';
import { readOptions } from '../../examples/wireguard/agent/readOptions.js';

const alice = 'a11ce000-0000-4000-8000-00000000000a';
const bob = 'b0b00000-0000-4000-8000-00000000000b';
const least = ['--id', alice, '--url', 'ws://192.0.2.101:7350'];

describe('the command line of the WireGuard agent', () => {
  it('has defaults, and completes URLs', () => {
    expect(readOptions(least)).to.deep.equal({
      id: alice,
      urls: [new URL('ws://192.0.2.101:7350/api/v2/coordinate')],
      tunnels: [],
      interface: { name: 'wg0', port: 41641 },
      derp: 1,
    });
  });

  it('takes several coordinators and tunnels', () => {
    const more = ['--url', 'wss://mesh.example/some/path', '--tunnel', bob.toUpperCase(), '--port', '1', '--derp', '7'];
    const { urls, tunnels, interface: made, derp } = readOptions([...least, ...more, '--interface', 'a-b_c.9']);
    expect(urls.map(({ href }) => href)).to.deep.equal([
      'ws://192.0.2.101:7350/api/v2/coordinate',
      'wss://mesh.example/some/path',
    ]);
    expect({ tunnels, made, derp }).to.deep.equal({ tunnels: [bob], made: { name: 'a-b_c.9', port: 1 }, derp: 7 });
  });

  const refusals: readonly (readonly [readonly string[], string])[] = [
    [least.slice(2), '--id is required: the UUID of this machine'],
    [least.slice(0, 2), '--url is required: a coordinator, such as ws://127.0.0.1:7350'],
    [[...least, '--id', 'me'], '--id must be a UUID, not "me"'],
    [[...least, '--tunnel', 'bob'], '--tunnel must be a UUID, not "bob"'],
    [
      [...least, '--url', 'http://h'],
      '--url must be that of a coordinator, such as ws://127.0.0.1:7350, not "http://h"',
    ],
    [
      [...least, '--interface', 'sixteen-letters!'],
      '--interface must be 1 to 15 letters, digits, and any of _.-, not "sixteen-letters!"',
    ],
    [[...least, '--port', '65536'], '--port must be from 1 to 65535, not "65536"'],
    [[...least, '--derp', '0'], '--derp must be from 1 to 2147483647, not "0"'],
    [[...least, '--derp', '1.5'], '--derp must be from 1 to 2147483647, not "1.5"'],
  ];
  for (const [words, message] of refusals) {
    it(`is refused: ${message}`, () => {
      expect(() => readOptions(words)).to.throw(message);
    });
  }
});
