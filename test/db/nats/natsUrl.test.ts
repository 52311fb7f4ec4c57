import { expect } from 'chai';
import { natsBus } from '../../../src/db/nats/index.js';
import { describeNats, parseNatsUrl } from '../../../src/db/nats/natsUrl.js';

describe('parseNatsUrl', () => {
  const plain = { servers: ['host:4222'], prefix: 'tailnet', isEncrypted: false };
  const cases = [
    ['nats://host', plain],
    ['nats://host:4333/', { ...plain, servers: ['host:4333'] }],
    ['nats://host/one.two', { ...plain, prefix: 'one.two' }],
    ['tls://one,two:4333/p', { servers: ['one:4222', 'two:4333'], prefix: 'p', isEncrypted: true }],
    ['nats://[::1]:4333', { ...plain, servers: ['[::1]:4333'] }],
    ['nats://user:p%40ss:word@host', { ...plain, user: 'user', password: 'p@ss:word' }],
    ['nats://t%2Fken@host', { ...plain, token: 't/ken' }],
  ] as const;
  for (const [url, address] of cases) {
    it(`reads ${url}`, () => expect(parseNatsUrl(url)).to.deep.equal(address));
  }

  const wrong = [
    ...['', 'host:4222', 'http://host', 'nats://', 'nats://host:port', 'nats://host:4222/a b'],
    ...['nats://host/a..b', 'nats://host/>', 'nats://user:%@host', 'nats://host?secret=1', 'nats://one,,two'],
  ];
  for (const url of wrong) {
    it(`refuses ${JSON.stringify(url)}, and so does natsBus, at once`, () => {
      expect(() => parseNatsUrl(url)).to.throw(TypeError, 'bus: not a URL of NATS: ');
      expect(() => natsBus(url)).to.throw(TypeError);
    });
  }

  it('repeats no credentials, neither of what is right nor of what is wrong', () => {
    expect(describeNats(parseNatsUrl('nats://user:secret@one,two:1/p'))).to.equal('nats://one:4222,two:1/p');
    expect(describeNats(parseNatsUrl('tls://secret@one'))).to.equal('tls://one:4222/tailnet');
    expect(() => parseNatsUrl('nats://user:secret@host:port'))
      .to.throw(TypeError)
      .and.not.match(/secret/);
  });
});
