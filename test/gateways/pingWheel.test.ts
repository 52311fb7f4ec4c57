import { expect } from 'chai';
import { VirtualTimeScheduler } from 'rxjs';
import { PingWheel } from '../../src/gateways/pingWheel.js';

/** A peer that answers a question as long as it lives. */
class Peer {
  readonly asked: number[] = [];
  terminatedAt: number | undefined;
  answers = true;
  #heard = true;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  alive(): boolean {
    return this.#heard;
  }

  hear(): void {
    this.#heard = true;
  }

  probe(): boolean {
    if (!this.#heard) return false;
    this.asked.push(this.#now());
    this.#heard = this.answers;
    return true;
  }

  terminate(): void {
    this.terminatedAt ??= this.#now();
  }
}

describe('PingWheel', () => {
  let scheduler: VirtualTimeScheduler;
  let wheel: PingWheel;
  const at = (time: number, action: () => void) => scheduler.schedule(action, time - scheduler.now());
  const peer = () => new Peer(() => scheduler.now());

  beforeEach(() => {
    scheduler = new VirtualTimeScheduler();
    wheel = new PingWheel(64_000, scheduler);
  });

  it('asks everybody once in a period', () => {
    const alice = peer();
    const stop = wheel.watch(alice);
    at(160_500, stop);
    scheduler.flush();
    expect(alice.asked).to.deep.equal([1000, 65_000, 129_000]);
    expect(alice.terminatedAt).to.equal(undefined);
  });

  it('terminates who has not answered by the next question, a sixteenth of a period later', () => {
    const alice = peer();
    alice.answers = false;
    const stop = wheel.watch(alice);
    at(240_000, stop);
    scheduler.flush();
    expect(alice.asked).to.deep.equal([1000]);
    expect(alice.terminatedAt).to.equal(69_000);
  });

  it('lets live who is heard between suspicion and verdict', () => {
    const alice = peer();
    alice.answers = false;
    const stop = wheel.watch(alice);
    at(68_500, () => {
      alice.hear();
    });
    at(70_500, stop);
    scheduler.flush();
    expect(alice.terminatedAt).to.equal(undefined);
  });

  it('asks those who come together one after the other', () => {
    const peers = Array.from({ length: 64 }, peer);
    const stops = peers.map((probed) => wheel.watch(probed));
    at(64_500, () => {
      for (const stop of stops) stop();
    });
    scheduler.flush();
    expect(peers.map(({ asked }) => asked)).to.deep.equal(peers.map((_, index) => [(index + 1) * 1000]));
  });

  it('runs no timer while nobody is watched, and starts again', () => {
    wheel.watch(peer())();
    expect(scheduler.actions).to.have.lengthOf(0);
    const alice = peer();
    const stop = wheel.watch(alice);
    expect(scheduler.actions).to.have.lengthOf(1);
    at(80_000, stop);
    scheduler.flush();
    expect(alice.asked).to.have.lengthOf(2);
    expect(scheduler.actions).to.have.lengthOf(0);
  });

  it('may be told twice to stop', () => {
    const alice = peer();
    const bob = peer();
    const stopAlice = wheel.watch(alice);
    const stopBob = wheel.watch(bob);
    stopAlice();
    stopAlice();
    at(80_000, stopBob);
    scheduler.flush();
    expect(bob.asked).to.deep.equal([2000, 66_000]);
  });
});
