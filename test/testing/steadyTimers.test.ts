import { expect } from 'chai';
import { NEVER, concat, of, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { createCoordinator } from '../../src/coordinator.js';
import { requests } from '../../src/proto/requests.js';
import { alice, bob, describeUpdates, memoryDatabase } from '../../src/testing/index.js';

describe('a plain TestScheduler, with nothing passed to the database or the coordinator but latencies', () => {
  // Without steady timers, two and one millisecond would do for "Expected a due immediate or interval".
  for (let busLatency = 0; busLatency <= 10; busLatency++) {
    it(`runs to its end with any latency, and ${busLatency} ms for notifications`, () => {
      for (let latency = 0; latency <= 20; latency++) {
        const told: string[] = [];
        new TestScheduler(() => undefined).run(() => {
          const coordinator = createCoordinator({
            database: memoryDatabase({ latency, busLatency }),
            random: () => 0.5,
            close$: timer(5000),
          });
          coordinator.coordinate$(alice, concat(of(requests.updateSelf({ preferredDerp: 1 })), NEVER)).subscribe();
          coordinator
            .coordinate$(bob, concat(of(requests.addTunnel(alice)), NEVER))
            .subscribe((response) => told.push(...describeUpdates(response)));
        });
        expect(told, `latency ${latency}`).to.deep.equal(['alice NODE derp 1 (new)', 'error: coordinator closed']);
      }
    });
  }
});
