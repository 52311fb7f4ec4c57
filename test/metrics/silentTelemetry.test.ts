import { expect } from 'chai';
import { createCoordinator } from '../../src/coordinator.js';
import { createMetrics } from '../../src/metrics/index.js';
import { silentTelemetry } from '../../src/telemetry.js';
import { alice, bob, memoryDatabase } from '../../src/testing/index.js';
import { createSimulatedTime } from '../simulation/simulatedTime.js';
import { virtualPeer } from '../support/virtualPeer.js';

describe('telemetry', () => {
  it('says the same to nobody as to who counts', () => {
    expect(Object.keys(createMetrics().telemetry)).to.have.members(Object.keys(silentTelemetry));
  });

  it('changes nothing of what peers are told, and when', () => {
    const told = (withMetrics: boolean): readonly string[] => {
      const time = createSimulatedTime();
      const start = time.now();
      const metrics = createMetrics({ now: () => time.now() });
      const coordinator = createCoordinator({
        ...{ database: memoryDatabase({ scheduler: time, latency: 10, busLatency: 20 }), scheduler: time },
        ...{ id: 'c0000000-0000-4000-8000-000000000001', random: () => 0.5 },
        ...(withMetrics && { telemetry: metrics.telemetry }),
      });
      const peer = virtualPeer(coordinator, alice);
      const heard: string[] = [];
      peer.heard$.subscribe((what) => heard.push(`${String(time.now() - start)} ${what}`));
      peer.tunnel(bob);
      const other = virtualPeer(coordinator, bob);
      for (const derp of [1, 2, 3]) {
        other.derp(derp);
        time.passUntil(time.now() + 60);
      }
      other.drop();
      time.passUntil(start + 10_000);
      return heard;
    };
    expect(told(true)).to.deep.equal(told(false));
    expect(told(true)).to.have.length.above(2);
  });
});
