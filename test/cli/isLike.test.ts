import { expect } from 'chai';
import { isLike, isSlip } from '../../src/cli/isLike.js';

describe('isLike', () => {
  for (const [one, other] of [
    ['max-tunnels', 'maxTunnels'],
    ['MAX_TUNNELS', 'max-tunnels'],
    ['port', 'prot'],
    ['prt', 'port'],
    ['poort', 'port'],
    ['pory', 'port'],
    ['ports', 'port'],
    ['jwt-audiance', 'jwt-audience'],
    ['max-tunels', 'max-tunnels'],
    ['max-tunnel-s', 'max-tunnels'],
    ['request-bursts', 'request-burst'],
  ] as const) {
    it(`takes ${one} for ${other}, and the other way round`, () => {
      expect(isLike(one, other)).to.equal(true);
      expect(isLike(other, one)).to.equal(true);
    });
  }

  it('takes names that begin alike for a slip only where they differ by one', () => {
    expect(isSlip('database-port', 'database-url')).to.equal(false);
    expect(isLike('database-port', 'database-url')).to.equal(true);
    expect(isSlip('DATABSE_URL', 'database-url')).to.equal(true);
  });

  for (const [one, other] of [
    ['port', 'host'],
    ['ptro', 'port'],
    ['worker-pool', 'workers'],
    ['auth', 'bus'],
    ['us', 'bus'],
    ['colour', 'config'],
  ] as const) {
    it(`does not take ${one} for ${other}`, () => {
      expect(isLike(one, other)).to.equal(false);
      expect(isLike(other, one)).to.equal(false);
    });
  }
});
