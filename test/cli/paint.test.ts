import { expect } from 'chai';
import { stripVTControlCharacters } from 'node:util';
import { paint, wantsColours } from '../../src/cli/paint.js';
import { statusText } from '../../src/cli/statusText.js';
import { alice, bob, north } from '../../src/testing/index.js';

const status = {
  coordinators: [
    { id: north, heartbeatAge: 1200, live: true },
    { id: alice, heartbeatAge: 61_000, live: false },
  ],
  peers: [{ id: bob, coordinatorId: north, status: 'lost', writeAge: 5 }],
  tunnels: [],
} as const;

const painted = { live: '\u001b[32mlive\u001b[39m', silent: '\u001b[31msilent\u001b[39m' };

describe('paint', () => {
  it('colours what something is, makes titles bold, and changes nothing else', () => {
    const plain = statusText(status);
    const text = paint(plain);
    expect(text).to.contain(painted.live).and.contain(painted.silent).and.contain('\u001b[33mlost\u001b[39m');
    expect(text.split('\n')[1]).to.match(/^.\[1mCOORDINATOR +STATE +HEARTBEAT +OK +LOST.\[22m$/);
    expect(stripVTControlCharacters(text)).to.equal(plain);
    expect(paint(`${bob} NODE (new) derp 2`)).to.equal(`${bob} \u001b[32mNODE\u001b[39m (new) derp 2`);
  });

  it('is for terminals, unless they or their users want none', () => {
    expect(wantsColours(true, {})).to.equal(true);
    expect(wantsColours(true, { NO_COLOR: '' })).to.equal(true);
    expect(wantsColours(true, { NO_COLOR: '1' })).to.equal(false);
    expect(wantsColours(true, { TERM: 'dumb' })).to.equal(false);
    expect(wantsColours(false, {})).to.equal(false);
  });
});
