import { expect } from 'chai';
import { TunnelQuota } from '../../src/gateways/tunnelQuota.js';
import { requests } from '../../src/proto/requests.js';

const alice = 'a11ce000-0000-4000-8000-000000000001';
const bob = 'b0b00000-0000-4000-8000-000000000002';
const carol = 'ca401000-0000-4000-8000-000000000003';

describe('TunnelQuota', () => {
  it('admits as many tunnels as it was told', () => {
    const quota = new TunnelQuota(2);
    expect([alice, bob, carol].map((id) => quota.admits(requests.addTunnel(id)))).to.deep.equal([true, true, false]);
  });

  it('counts the same tunnel once', () => {
    const quota = new TunnelQuota(1);
    expect(quota.admits(requests.addTunnel(alice))).to.equal(true);
    expect(quota.admits(requests.addTunnel(alice))).to.equal(true);
  });

  it('forgets a tunnel that is removed', () => {
    const quota = new TunnelQuota(1);
    quota.admits(requests.addTunnel(alice));
    quota.admits(requests.removeTunnel(alice));
    expect(quota.admits(requests.addTunnel(bob))).to.equal(true);
  });

  it('does not count what opens no tunnel', () => {
    const quota = new TunnelQuota(1);
    quota.admits(requests.addTunnel(alice));
    expect(quota.admits(requests.updateSelf({}))).to.equal(true);
    expect(quota.admits(requests.removeTunnel(bob))).to.equal(true);
  });
});
