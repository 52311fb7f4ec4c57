import { expect } from 'chai';
import { plainTables } from '../../../src/gateways/debug/plainTables.js';
import { alice, bob } from '../gatewayFixture.js';
import { first, overview, second } from './debugFixture.js';

/** As in the reference system's own test of its page. */
const whole = overview({
  readAt: 100_000,
  coordinators: [
    { id: second, heartbeatAt: 99_000, isLive: true },
    { id: first, heartbeatAt: 98_000, isLive: true },
  ],
  peers: [
    { id: alice, coordinatorId: first, status: 'ok', writtenAt: 95_000 },
    { id: bob, coordinatorId: second, status: 'lost', writtenAt: 93_000 },
  ],
  tunnels: [{ src: alice, dst: bob, coordinatorId: first, writtenAt: 97_000 }],
});

/** The texts of the cells, one line for each row. */
const rowsOf = (html: string): readonly string[] =>
  [...html.matchAll(/<tr>(.*?)<\/tr>/g)].map(([, row = '']) =>
    [...row.matchAll(/<t[dh]>(.*?)<\/t[dh]>/g)].map(([, cell = '']) => cell.replace(/<[^>]*>/g, '')).join(' | '),
  );

describe('plainTables', () => {
  it('shows coordinators, peers and tunnels, and how old all of it is', () => {
    const html = plainTables(whole, first);
    expect(rowsOf(html)).to.deep.equal([
      'coordinator | status | heartbeat',
      `${second} | live | 1.0 s ago`,
      `${first} | live | 2.0 s ago`,
      'peer | coordinator | status | last write',
      `${alice} | ${first} | ok | 5.0 s ago`,
      `${bob} | ${second} | lost | 7.0 s ago`,
      'from | to | coordinator | last write',
      `${alice} | ${bob} | ${first} | 3.0 s ago`,
    ]);
    expect(html).to.match(/^<p>As read by c0000000-0000-4000-8000-000000000001 at 1970-01-01T00:01:40.000Z/);
    expect(html).to.contain(`<a href="tailnet/peers/${alice}">`);
    expect(html).not.to.contain('There is more');
  });

  it('shows so many rows that people read them, and says that there are more', () => {
    const [peer] = whole.peers;
    const html = plainTables({ ...whole, peers: Array.from({ length: 201 }, () => peer!) }, first);
    expect(rowsOf(html)).to.have.lengthOf(3 + 201 + 2);
    expect(html).to.contain('Peers: 201').and.to.contain('There is more, see <a href="tailnet.json">');
    expect(plainTables({ ...whole, isPartial: true }, first)).to.contain('There is more');
  });

  it('takes no id for HTML', () => {
    const html = plainTables({ ...whole, coordinators: [{ id: '<b>&"', heartbeatAt: 0, isLive: false }] }, first);
    expect(html).to.contain('<td>&#60;b&#62;&#38;&#34;</td><td>silent</td>');
  });
});
