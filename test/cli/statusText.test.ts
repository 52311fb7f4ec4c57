import { expect } from 'chai';
import { statusText } from '../../src/cli/statusText.js';
import { alice, bob, north, south } from '../../src/testing/index.js';

const idOf = (index: number) => `a0000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;

/** Bob is connected at the one, and was at the other; Alice is lost. */
const status = {
  coordinators: [
    { id: north, heartbeatAge: 1200, live: true },
    { id: south, heartbeatAge: 61_000, live: false },
  ],
  peers: [
    { id: alice, coordinatorId: south, status: 'lost', writeAge: 90 },
    { id: bob, coordinatorId: south, status: 'lost', writeAge: 80 },
    { id: bob, coordinatorId: north, status: 'ok', writeAge: 9000 },
  ],
  tunnels: [
    { src: alice, dst: bob, coordinatorId: south, writeAge: 5 },
    { src: alice, dst: bob, coordinatorId: north, writeAge: 9 },
  ],
} as const;

const large = {
  ...status,
  peers: [
    ...Array.from(
      { length: 3000 },
      (_, index) => ({ id: idOf(index), coordinatorId: north, status: 'ok', writeAge: 5 }) as const,
    ),
    ...status.peers,
  ],
  tunnels: Array.from({ length: 3000 }, (_, index) => ({
    src: idOf(index),
    dst: bob,
    coordinatorId: north,
    writeAge: 5,
  })),
};

describe('statusText', () => {
  it('counts coordinators by what they are, and each peer once, at the coordinator where it is', () => {
    expect(statusText(status).split('\n')).to.deep.equal([
      '2 coordinators: 1 live, 1 silent',
      'COORDINATOR                           STATE   HEARTBEAT   OK  LOST',
      `${north}  live    1.2 s ago   1   0`,
      `${south}  silent  61.0 s ago  0   1`,
      '',
      '2 peers: 1 ok, 1 lost',
      'PEER                                  STATUS  COORDINATOR                           WRITTEN',
      `${alice}  lost    ${south}  0.1 s ago`,
      `${bob}  lost    ${south}  0.1 s ago`,
      `${bob}  ok      ${north}  9.0 s ago`,
      '',
      '1 tunnel',
      'FROM                                  TO                                    COORDINATOR                           WRITTEN',
      `${alice}  ${bob}  ${south}  0.0 s ago`,
      `${alice}  ${bob}  ${north}  0.0 s ago`,
    ]);
    expect(statusText({ coordinators: [], peers: [], tunnels: [] })).to.equal(
      'no coordinators\n\nno peers\n\nno tunnels',
    );
  });

  it('shows everything where it need not fit', () => {
    expect(statusText(large).split('\n')).to.have.length(8 + 3003 + 3 + 3000 - 2 + 1);
  });

  it('fits a screen: lost peers first, and how many are not shown', () => {
    const lines = statusText(large, { rows: 24, columns: 80 }).split('\n');
    // One is left for the cursor.
    expect(lines.length).to.equal(23);
    for (const line of lines) expect(line.length).to.be.at.most(80);
    expect(lines[5]).to.equal('3002 peers: 3001 ok, 1 lost');
    expect(lines[7]).to.match(new RegExp(`^${alice}  lost`));
    expect(lines.filter((line) => line.startsWith('… and '))).to.deep.equal(['… and 2997 more', '… and 2995 more']);
  });

  it('is shorter than a screen where there is less, and has its headings on the smallest', () => {
    expect(statusText(status, { rows: 50, columns: 200 })).to.equal(statusText(status));
    const lines = statusText(large, { rows: 3, columns: 40 }).split('\n');
    expect(lines.filter((line) => /^\d+ /.test(line))).to.have.length(3);
  });
});
