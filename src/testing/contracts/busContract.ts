import { deepEqual, equal } from 'node:assert/strict';
import { Subject, takeUntil } from 'rxjs';
import type { Bus, BusEvent } from '../../db/bus.js';
import { hear, type Hearing } from './hear.js';
import { lastOf } from './lastOf.js';
import { globalTestRunner, type TestRunner } from './testRunner.js';

/** A bus to be tested, fresh for one test. */
export interface BusUnderTest {
  /** What is tested. */
  readonly bus: Bus;
  /** A second bus that shares the same channels, as another coordinator has it. Default: the same bus again. */
  readonly other?: Bus;
  /** Makes the bus lose its connection, so that it must say `gap` by itself. Left out: not tested. */
  interrupt?(): Promise<void>;
  /** Called after the test. */
  close(): void | Promise<void>;
}

/**
 * A suite that shows whether a {@link Bus} keeps its promises. Call it in a test file of your own, under mocha, vitest,
 * jest, or anything else with their `describe` and `it`:
 *
 * ```ts
 * busContract('my bus', async () => ({ bus: myBus(), close: () => … }));
 * ```
 */
export function busContract(
  name: string,
  setup: () => Promise<BusUnderTest>,
  { describe, it, beforeEach, afterEach }: TestRunner = globalTestRunner(),
): void {
  describe(`${name} keeps the contract of a bus`, () => {
    let tested: BusUnderTest;
    let bus: Bus;
    let other: Bus;
    let hearings: Hearing[];

    beforeEach(async () => {
      hearings = [];
      tested = await setup();
      bus = tested.bus;
      other = tested.other ?? tested.bus;
    });

    afterEach(async () => {
      for (const hearing of hearings) hearing.stop();
      await tested.close();
    });

    const listen = async (on: Bus, channel: string): Promise<Hearing> => {
      const hearing = await hear(on, channel);
      hearings.push(hearing);
      return hearing;
    };
    const publish = (on: Bus, channel: string, payloads: readonly string[]) => lastOf(on.publish(channel, payloads));

    it('says "listening now" once, with a gap, before any message', async () => {
      const alice = await listen(bus, 'one');
      await publish(bus, 'one', ['hello']);
      await alice.next();
      const heard = alice.events.map((event) => (event.kind === 'gap' ? event.kind : event.payload));
      deepEqual(heard, ['gap', 'hello']);
    });

    it('hears everything that is published after "listening now"', async () => {
      const alice = await listen(bus, 'one');
      await publish(other, 'one', ['a']);
      equal(await alice.next(), 'a');
    });

    it('lets a listener hear what its own coordinator publishes', async () => {
      const alice = await listen(bus, 'one');
      await publish(bus, 'one', ['mine']);
      equal(await alice.next(), 'mine');
    });

    it('tells every listener of a channel', async () => {
      const alice = await listen(bus, 'one');
      const bob = await listen(bus, 'one');
      const carol = await listen(other, 'one');
      await publish(bus, 'one', ['to all']);
      deepEqual([await alice.next(), await bob.next(), await carol.next()], ['to all', 'to all', 'to all']);
    });

    it('keeps channels apart', async () => {
      const one = await listen(bus, 'one');
      const two = await listen(bus, 'two');
      await publish(bus, 'one', ['for one']);
      await publish(bus, 'two', ['for two']);
      equal(await one.next(), 'for one');
      equal(await two.next(), 'for two');
      deepEqual(await one.untilNow(), []);
      deepEqual(await two.untilNow(), []);
    });

    it('publishes many payloads at once', async () => {
      const alice = await listen(bus, 'one');
      const payloads = Array.from({ length: 1000 }, (_, index) => `payload ${index}`);
      await publish(other, 'one', payloads);
      const heard = new Set<string>();
      while (heard.size < payloads.length) heard.add(await alice.next());
      deepEqual([...heard].sort(), [...payloads].sort());
    });

    it('completes when there is nothing to publish', async () => {
      await publish(bus, 'one', []);
    });

    it('carries any text unchanged', async () => {
      const alice = await listen(bus, 'one');
      for (const text of ['', `'; select 1 --`, 'ä€😀', '{"json": true}', 'a,b', 'x'.repeat(4000)]) {
        await publish(other, 'one', [text]);
        equal(await alice.next(), text);
      }
    });

    it('publishes nothing before it is subscribed to, and once per subscription', async () => {
      const alice = await listen(bus, 'one');
      const publish$ = bus.publish('one', ['cold']);
      deepEqual(await alice.untilNow(), []);
      await lastOf(publish$);
      await lastOf(publish$);
      deepEqual(await alice.untilNow(), ['cold', 'cold']);
    });

    it('tells a listener nothing after it has unsubscribed, and the others go on hearing', async () => {
      const alice = await listen(bus, 'one');
      const bob = await listen(bus, 'one');
      alice.stop();
      await publish(bus, 'one', ['later']);
      equal(await bob.next(), 'later');
      deepEqual(alice.payloads, []);
    });

    it('listens again after everybody had left', async () => {
      (await listen(bus, 'one')).stop();
      const again = await listen(bus, 'one');
      await publish(other, 'one', ['again']);
      equal(await again.next(), 'again');
    });

    it('survives listeners that leave before it was listening', async () => {
      for (let i = 0; i < 10; i++) bus.listen$('one').subscribe().unsubscribe();
      const alice = await listen(bus, 'one');
      await publish(other, 'one', ['hello']);
      equal(await alice.next(), 'hello');
    });

    it('lets a listener leave while it is being told', async () => {
      const bob = await listen(bus, 'one');
      const left$ = new Subject<void>();
      const alice: BusEvent[] = [];
      bus
        .listen$('one')
        .pipe(takeUntil(left$))
        .subscribe((event) => {
          alice.push(event);
          if (event.kind === 'message') left$.next();
        });
      await listen(bus, 'one');
      await publish(bus, 'one', ['first', 'second']);
      deepEqual(new Set([await bob.next(), await bob.next()]), new Set(['first', 'second']));
      equal(alice.filter((event) => event.kind === 'message').length, 1);
    });

    it('says gap to every listener after an interruption, once it hears again', async () => {
      if (tested.interrupt === undefined) return;
      const one = await listen(bus, 'one');
      const two = await listen(bus, 'two');
      await tested.interrupt();
      await Promise.all([one.gap(2), two.gap(2)]);
      await publish(other, 'one', ['one again']);
      await publish(other, 'two', ['two again']);
      equal(await one.next(), 'one again');
      equal(await two.next(), 'two again');
    });
  });
}
