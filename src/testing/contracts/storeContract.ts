import { deepEqual, equal, ok } from 'node:assert/strict';
import { readBindingHint } from '../../db/bindingHint.js';
import { channels, type Bus } from '../../db/bus.js';
import {
  StoreError,
  type Binding,
  type BindingWrite,
  type Store,
  type Tunnel,
  type TunnelWrites,
  type Uuid,
  type Writer,
} from '../../db/store.js';
import { hear, type Hearing } from './hear.js';
import { lastOf } from './lastOf.js';
import { globalTestRunner, type TestRunner } from './testRunner.js';

/** A store to be tested, empty and fresh for one test, with the bus on which it announces. */
export interface StoreUnderTest {
  /** What is tested. */
  readonly store: Store;
  /** Where the store announces what it writes. */
  readonly bus: Bus;
  /**
   * Makes every row (heartbeats, bindings, tunnels) older by so many hours. Left out: cleanup is not tested beyond
   * "what is young stays".
   */
  age?(hours: number): void | Promise<void>;
  /** Whether writes of bindings answer who announced them. Left out: they may, and then it must be true. */
  readonly saysSender?: boolean;
  /** Called after the test. */
  close(): void | Promise<void>;
}

const HOUR = 3_600_000;

/** Writer options under which every coordinator that ever had a heartbeat counts as live, or none does. */
const allLive = (coordinatorId: Uuid): Writer => ({ coordinatorId, expiry: HOUR });
const allSilent = (coordinatorId: Uuid): Writer => ({ coordinatorId, expiry: 0 });

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (node: Uint8Array): string => new TextDecoder().decode(node);
const uuids = (count: number): Uuid[] => Array.from({ length: count }, () => crypto.randomUUID());
const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const sorted = (texts: Iterable<string>): string[] => [...texts].sort(byText);
const isWithin = (value: number | undefined, low: number, high: number): boolean =>
  value !== undefined && value >= low && value <= high;
const pairText = ({ src, dst }: Tunnel): string => `${src},${dst}`;

/**
 * A suite that shows whether a {@link Store} keeps its promises. Call it in a test file of your own, under mocha, vitest,
 * jest, or anything else with their `describe` and `it`:
 *
 * ```ts
 * storeContract('my store', async () => ({ store, bus, age, close }));
 * ```
 */
export function storeContract(
  name: string,
  setup: () => Promise<StoreUnderTest>,
  { describe, it, beforeEach, afterEach }: TestRunner = globalTestRunner(),
): void {
  describe(`${name} keeps the contract of a store`, () => {
    let tested: StoreUnderTest;
    let store: Store;
    let here: Uuid;
    let there: Uuid;
    let alice: Uuid;
    let bob: Uuid;
    let carol: Uuid;
    let hearings: Hearing[];

    beforeEach(async () => {
      hearings = [];
      tested = await setup();
      store = tested.store;
      [here, there, alice, bob, carol] = uuids(5) as [Uuid, Uuid, Uuid, Uuid, Uuid];
    });

    afterEach(async () => {
      for (const hearing of hearings) hearing.stop();
      await tested.close();
    });

    const listen = async (channel: string): Promise<Hearing> => {
      const hearing = await hear(tested.bus, channel);
      hearings.push(hearing);
      return hearing;
    };
    const beat = async (...ids: Uuid[]) => {
      for (const id of ids) await lastOf(store.heartbeat(id));
    };
    const bind = async (writer: Writer, ...writes: BindingWrite[]): Promise<number> =>
      (await lastOf(store.writeBindings(writer, writes)))?.at ?? NaN;
    const tunnels = async (writer: Writer, writes: Partial<TunnelWrites>): Promise<number> =>
      (await lastOf(store.writeTunnels(writer, { add: [], remove: [], clear: [], ...writes })))?.at ?? NaN;
    const online = (peerId: Uuid, node: string): BindingWrite => ({ kind: 'node', peerId, node: bytes(node) });
    const lost = (peerId: Uuid, node: string): BindingWrite => ({ kind: 'lost', peerId, node: bytes(node) });
    const gone = (peerId: Uuid): BindingWrite => ({ kind: 'disconnected', peerId });
    const tunnel = (src: Uuid, dst: Uuid): Tunnel => ({ src, dst });
    const readBindings = async (...ids: Uuid[]): Promise<readonly Binding[]> =>
      (await lastOf(store.readBindings(ids))) ?? [];
    const bindingTexts = async (...ids: Uuid[]): Promise<string[]> =>
      sorted(
        (await readBindings(...ids)).map(
          ({ peerId, coordinatorId, node, status }) => `${peerId}@${coordinatorId} ${status} ${textOf(node)}`,
        ),
      );
    const ownTunnels = async (coordinatorId: Uuid): Promise<string[]> =>
      ((await lastOf(store.readOwnTunnels(coordinatorId, undefined, 100_000))) ?? []).map(pairText);
    const failure = async (work: Promise<unknown>): Promise<StoreError> => {
      try {
        await work;
      } catch (error) {
        ok(error instanceof StoreError);
        return error;
      }
      throw new Error('expected an error, but it succeeded');
    };

    describe('heartbeat', () => {
      it('makes the row first, and says so, and finds it afterwards', async () => {
        deepEqual(await lastOf(store.heartbeat(here)), {
          created: true,
          hasBindings: false,
          hasTunnels: false,
        });
        deepEqual(await lastOf(store.heartbeat(here)), {
          created: false,
          hasBindings: false,
          hasTunnels: false,
        });
      });

      it('says whether own bindings and own tunnels are there', async () => {
        await beat(here, there);
        await bind(allLive(here), online(alice, 'a'));
        await tunnels(allLive(there), { add: [tunnel(alice, bob)] });
        deepEqual(await lastOf(store.heartbeat(here)), {
          created: false,
          hasBindings: true,
          hasTunnels: false,
        });
        deepEqual(await lastOf(store.heartbeat(there)), {
          created: false,
          hasBindings: false,
          hasTunnels: true,
        });
      });

      it('is announced with the id of the coordinator, each time', async () => {
        const heard = await listen(channels.heartbeat);
        await beat(here, here, there);
        deepEqual(await heard.untilNow(), [here, here, there]);
      });

      it('does nothing before it is subscribed to, and once per subscription', async () => {
        const heard = await listen(channels.heartbeat);
        const beat$ = store.heartbeat(here);
        deepEqual(await heard.untilNow(), []);
        await lastOf(beat$);
        await lastOf(beat$);
        deepEqual(await heard.untilNow(), [here, here]);
      });
    });

    describe('readCoordinators', () => {
      it('gives the coordinators with the age of their heartbeat', async () => {
        deepEqual(await lastOf(store.readCoordinators(HOUR)), []);
        await beat(here, there);
        const ages = (await lastOf(store.readCoordinators(HOUR))) ?? [];
        deepEqual(sorted(ages.map(({ coordinatorId }) => coordinatorId)), sorted([here, there]));
        for (const { age } of ages) ok(isWithin(age, 0, HOUR));
      });

      it('leaves out those that are too old', async () => {
        await beat(here);
        deepEqual(await lastOf(store.readCoordinators(0)), []);
        if (tested.age === undefined) return;
        await tested.age(2);
        await beat(there);
        const ages = (await lastOf(store.readCoordinators(HOUR))) ?? [];
        deepEqual(
          ages.map(({ coordinatorId }) => coordinatorId),
          [there],
        );
        const all = (await lastOf(store.readCoordinators(3 * HOUR))) ?? [];
        ok(isWithin(all.find(({ coordinatorId }) => coordinatorId === here)?.age, 2 * HOUR, 3 * HOUR));
      });
    });

    describe('writeBindings', () => {
      it('writes nodes that all can read', async () => {
        await beat(here);
        await bind(allLive(here), online(alice, 'alice 1'), online(bob, 'bob 1'));
        deepEqual(
          await bindingTexts(alice, bob, carol),
          sorted([`${alice}@${here} ok alice 1`, `${bob}@${here} ok bob 1`]),
        );
      });

      it('overwrites the node of a peer and makes it ok again', async () => {
        await beat(here);
        await bind(allLive(here), online(alice, 'one'));
        await bind(allLive(here), online(alice, 'two'));
        deepEqual(await bindingTexts(alice), [`${alice}@${here} ok two`]);
        await bind(allLive(here), lost(alice, 'two'));
        await bind(allLive(here), online(alice, 'three'));
        deepEqual(await bindingTexts(alice), [`${alice}@${here} ok three`]);
      });

      it('keeps one row per coordinator', async () => {
        await beat(here, there);
        await bind(allLive(here), online(alice, 'here'));
        await bind(allLive(there), online(alice, 'there'));
        deepEqual(await bindingTexts(alice), sorted([`${alice}@${here} ok here`, `${alice}@${there} ok there`]));
      });

      it('gives the time that the rows carry', async () => {
        await beat(here);
        const time = await bind(allLive(here), online(alice, 'a'), online(bob, 'b'));
        const rows = await readBindings(alice, bob);
        deepEqual(
          rows.map(({ updatedAt }) => updatedAt),
          [time, time],
        );
        equal(Number.isSafeInteger(time), true);
      });

      it('orders the bindings of one peer by time', async () => {
        await beat(here, there);
        const first = await bind(allLive(here), online(alice, 'a'));
        const second = await bind(allLive(there), online(alice, 'b'));
        const third = await bind(allLive(here), online(alice, 'c'));
        ok(second > first);
        ok(third > second);
        const newest = [...(await readBindings(alice))].sort((a, b) => b.updatedAt - a.updatedAt)[0];
        equal(newest?.coordinatorId, here);
      });

      it('keeps every byte of a node, and an empty node', async () => {
        await beat(here);
        const node = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256);
        await bind(allLive(here), { kind: 'node', peerId: alice, node }, online(bob, ''));
        const rows = await readBindings(alice, bob);
        const nodeOf = (id: Uuid) => Uint8Array.from(rows.find(({ peerId }) => peerId === id)?.node ?? [0]);
        deepEqual(nodeOf(alice), node);
        deepEqual(nodeOf(bob), new Uint8Array());
      });

      it('does not hold on to the memory of a node that it was given', async () => {
        await beat(here);
        const node = bytes('before');
        await bind(allLive(here), { kind: 'node', peerId: alice, node });
        node.set(bytes('AFTER!'));
        deepEqual(await bindingTexts(alice), [`${alice}@${here} ok before`]);
      });

      it('marks a binding lost, with the node given, and with a new time', async () => {
        await beat(here);
        const before = await bind(allLive(here), online(alice, 'one'));
        const time = await bind(allLive(here), lost(alice, 'two'));
        ok(time > before);
        deepEqual(await bindingTexts(alice), [`${alice}@${here} lost two`]);
        equal((await readBindings(alice))[0]?.updatedAt, time);
      });

      it('makes no row for a peer that is lost, and announces nothing', async () => {
        await beat(here, there);
        await bind(allLive(there), online(alice, 'elsewhere'));
        const heard = await listen(channels.peer);
        await bind(allLive(here), lost(alice, 'a'), lost(bob, 'b'));
        deepEqual(await bindingTexts(alice, bob), [`${alice}@${there} ok elsewhere`]);
        deepEqual(await heard.untilNow(), []);
      });

      it('deletes the own row of a peer that disconnected, whatever its status', async () => {
        await beat(here);
        await bind(allLive(here), online(alice, 'a'), online(bob, 'b'), online(carol, 'c'));
        await bind(allLive(here), lost(bob, 'b'));
        await bind(allLive(here), gone(alice), gone(bob));
        deepEqual(await bindingTexts(alice, bob, carol), [`${carol}@${here} ok c`]);
      });

      it('keeps what a disconnected peer has at another coordinator where it is live', async () => {
        await beat(here, there);
        await bind(allLive(there), online(alice, 'live'));
        await bind(allLive(here), online(alice, 'a'));
        await bind(allLive(here), gone(alice));
        deepEqual(await bindingTexts(alice), [`${alice}@${there} ok live`]);
      });

      it('deletes what a disconnected peer left behind elsewhere as lost', async () => {
        await beat(here, there);
        await bind(allLive(there), online(alice, 'a'), online(bob, 'b'));
        await bind(allLive(there), lost(alice, 'a'), lost(bob, 'b'));
        await bind(allLive(here), gone(alice));
        deepEqual(await bindingTexts(alice, bob), [`${bob}@${there} lost b`]);
      });

      it('deletes what a disconnected peer left behind at a coordinator that has gone silent', async () => {
        await beat(here, there);
        await bind(allLive(there), online(alice, 'a'), online(bob, 'b'));
        await bind(allSilent(here), gone(alice));
        deepEqual(await bindingTexts(alice, bob), [`${bob}@${there} ok b`]);
      });

      it('announces each peer whose row changed, once', async () => {
        await beat(here, there);
        await bind(allLive(here), online(alice, 'a'), online(bob, 'b'));
        await bind(allLive(there), online(alice, 'a'), online(bob, 'b'));
        await bind(allLive(there), lost(alice, 'a'));
        const heard = await listen(channels.peer);
        await bind(allLive(here), gone(alice), lost(bob, 'b'), online(carol, 'c'));
        deepEqual(sorted(await heard.untilNow()), sorted([alice, bob, carol]));
      });

      it('announces nothing for a peer that had no row to delete', async () => {
        await beat(here);
        const heard = await listen(channels.peer);
        await bind(allLive(here), gone(alice));
        deepEqual(await heard.untilNow(), []);
      });

      it('announces a write that changes nothing but the time', async () => {
        await beat(here);
        await bind(allLive(here), online(alice, 'a'));
        const heard = await listen(channels.peer);
        await bind(allLive(here), online(alice, 'a'));
        deepEqual(await heard.untilNow(), [alice]);
      });

      it('is announced together with the change: who hears of it can read it', async () => {
        await beat(here);
        const heard = await listen(channels.peer);
        const writing = bind(allLive(here), online(alice, 'fresh'));
        equal(await heard.next(), alice);
        deepEqual(await bindingTexts(alice), [`${alice}@${here} ok fresh`]);
        await writing;
      });

      it('announces rows themselves, if at all, only as they can be read', async () => {
        const dave = crypto.randomUUID();
        await beat(here);
        const rows = await listen(channels.binding);
        const heard = await listen(channels.peer);
        await bind(allLive(here), online(alice, 'a'));
        await bind(allLive(here), online(alice, 'a2'), online(bob, ''));
        await bind(allLive(here), lost(alice, 'a3'), gone(bob), online(carol, 'c'));
        await bind(allLive(here), { kind: 'node', peerId: dave, node: new Uint8Array(10_000) });
        await heard.untilNow();
        const read = await readBindings(carol, dave);
        for (const event of rows.events) {
          if (event.kind === 'gap') continue;
          const hint = readBindingHint(event.payload, event.sealed ?? (() => undefined));
          const opened = hint?.open();
          ok(hint !== undefined && opened !== undefined);
          equal(opened.coordinatorId, here);
          equal(opened.nodes.length, hint.peerIds.length);
          opened.nodes.forEach((node, index) => {
            const peerId = hint.peerIds[index] ?? '';
            const row = read.find((binding) => binding.peerId === peerId);
            // Of alice and bob other things have come since.
            if (row === undefined) ok([alice, bob].includes(peerId));
            else deepEqual([row.updatedAt, textOf(row.node)], [opened.updatedAt, textOf(node)]);
          });
        }
      });

      it('says who announces it, if at all, as the bus does: once for each row', async () => {
        await beat(here);
        const heard = await listen(channels.peer);
        const [one, ...others] = [1, 3, 7].map((size) => uuids(size).map((id) => online(id, 'a')));
        const [first, second, third] = uuids(3);
        const mixed = [online(first ?? '', 'b'), lost(second ?? '', 'b'), gone(third ?? '')];
        const before = mixed.map(({ peerId }) => online(peerId, 'a'));
        for (const writes of [one ?? [], ...others, before, mixed]) {
          const from = heard.events.length;
          const sender = (await lastOf(store.writeBindings(allLive(here), writes)))?.sender;
          const payloads = await heard.untilNow();
          deepEqual(sorted(payloads), sorted(writes.map(({ peerId }) => peerId)));
          if (tested.saysSender === true) ok(sender !== undefined);
          if (sender === undefined) continue;
          for (const event of heard.events.slice(from)) {
            if (event.kind === 'message' && payloads.includes(event.payload)) equal(event.sender, sender);
          }
        }
      });

      it('can be repeated', async () => {
        await beat(here);
        await bind(allLive(here), online(alice, 'a'), online(bob, 'b'), online(carol, 'c'));
        const writes = [online(alice, 'a2'), lost(bob, 'b2'), gone(carol)];
        await bind(allLive(here), ...writes);
        await bind(allLive(here), ...writes);
        deepEqual(await bindingTexts(alice, bob, carol), sorted([`${alice}@${here} ok a2`, `${bob}@${here} lost b2`]));
      });

      it('fails with missing-coordinator before the first heartbeat, and writes nothing', async () => {
        const heard = await listen(channels.peer);
        const error = await failure(bind(allLive(here), online(alice, 'a')));
        equal(error.reason, 'missing-coordinator');
        deepEqual(await readBindings(alice), []);
        deepEqual(await heard.untilNow(), []);
        await beat(here);
        await bind(allLive(here), online(alice, 'a'));
        equal((await readBindings(alice)).length, 1);
      });

      it('takes an empty batch', async () => {
        await beat(here);
        ok((await bind(allLive(here))) > 0);
      });

      it('takes 1,000 at once', async () => {
        await beat(here);
        const heard = await listen(channels.peer);
        const ids = uuids(1000);
        await bind(allLive(here), ...ids.map((id) => online(id, `node of ${id}`)));
        deepEqual(sorted(await heard.untilNow()), sorted(ids));
        deepEqual(await bindingTexts(...ids), sorted(ids.map((id) => `${id}@${here} ok node of ${id}`)));
        await bind(allLive(here), ...ids.map((id, index) => (index % 2 === 0 ? gone(id) : lost(id, 'x'))));
        deepEqual(sorted(await heard.untilNow()), sorted(ids));
        equal((await readBindings(...ids)).length, 500);
      });
    });

    describe('writeTunnels', () => {
      it('says who announces what is added, if at all, as the bus does: once for each', async () => {
        await beat(here);
        const heard = await listen(channels.tunnel);
        const [dave, eve] = uuids(2) as [Uuid, Uuid];
        await tunnels(allLive(here), { add: [tunnel(dave, bob), tunnel(eve, bob)] });
        const writes: readonly Partial<TunnelWrites>[] = [
          { add: [tunnel(alice, bob)] },
          { add: [tunnel(alice, bob), tunnel(alice, carol), tunnel(bob, alice)] },
          { add: [tunnel(alice, dave), tunnel(eve, bob)], remove: [tunnel(dave, bob)], clear: [eve, alice] },
        ];
        await heard.untilNow();
        for (const some of writes) {
          const from = heard.events.length;
          const all = { add: [], remove: [], clear: [], ...some };
          const sender = (await lastOf(store.writeTunnels(allLive(here), all)))?.sender;
          const payloads = await heard.untilNow();
          for (const { src, dst } of all.add) {
            equal(payloads.filter((payload) => payload === `${src},${dst}`).length, 1);
          }
          if (tested.saysSender === true) ok(sender !== undefined);
          if (sender === undefined) continue;
          for (const event of heard.events.slice(from)) {
            if (event.kind === 'message' && payloads.includes(event.payload)) equal(event.sender, sender);
          }
        }
      });

      it('adds, and announces `src,dst`', async () => {
        await beat(here);
        const heard = await listen(channels.tunnel);
        const time = await tunnels(allLive(here), { add: [tunnel(alice, bob), tunnel(bob, carol)] });
        equal(Number.isSafeInteger(time), true);
        deepEqual(sorted(await heard.untilNow()), sorted([`${alice},${bob}`, `${bob},${carol}`]));
        deepEqual(sorted(await ownTunnels(here)), sorted([`${alice},${bob}`, `${bob},${carol}`]));
      });

      it('gives times that move forward', async () => {
        await beat(here);
        const first = await tunnels(allLive(here), { add: [tunnel(alice, bob)] });
        ok((await tunnels(allLive(here), { remove: [tunnel(alice, bob)] })) > first);
      });

      it('removes the own row, in this direction only, and announces it', async () => {
        await beat(here);
        await tunnels(allLive(here), { add: [tunnel(alice, bob), tunnel(bob, alice)] });
        const heard = await listen(channels.tunnel);
        await tunnels(allLive(here), { remove: [tunnel(alice, bob)] });
        deepEqual(await ownTunnels(here), [`${bob},${alice}`]);
        deepEqual(await heard.untilNow(), [`${alice},${bob}`]);
      });

      it('announces nothing when there was nothing to remove', async () => {
        await beat(here);
        const heard = await listen(channels.tunnel);
        await tunnels(allLive(here), { remove: [tunnel(alice, bob)], clear: [carol] });
        deepEqual(await heard.untilNow(), []);
      });

      it('clears all tunnels of a source, but not those that lead to it', async () => {
        await beat(here);
        await tunnels(allLive(here), {
          add: [tunnel(alice, bob), tunnel(alice, carol), tunnel(bob, alice), tunnel(carol, bob)],
        });
        const heard = await listen(channels.tunnel);
        await tunnels(allLive(here), { clear: [alice] });
        deepEqual(sorted(await ownTunnels(here)), sorted([`${bob},${alice}`, `${carol},${bob}`]));
        deepEqual(sorted(await heard.untilNow()), sorted([`${alice},${bob}`, `${alice},${carol}`]));
      });

      it('clears a source but for the tunnels that are added in the same batch', async () => {
        await beat(here, there);
        const dave = crypto.randomUUID();
        await tunnels(allLive(here), { add: [tunnel(alice, bob), tunnel(alice, carol)] });
        await tunnels(allLive(there), { add: [tunnel(alice, bob), tunnel(alice, carol)] });
        await tunnels(allLive(here), { clear: [alice], add: [tunnel(alice, bob), tunnel(alice, dave)] });
        deepEqual(sorted(await ownTunnels(here)), sorted([`${alice},${bob}`, `${alice},${dave}`]));
        deepEqual(await ownTunnels(there), [`${alice},${bob}`]);
      });

      for (const how of ['remove', 'clear'] as const) {
        const withdraw = (): Partial<TunnelWrites> =>
          how === 'remove' ? { remove: [tunnel(alice, bob)] } : { clear: [alice] };

        it(`${how} keeps the row of another coordinator where the source is live`, async () => {
          await beat(here, there);
          await bind(allLive(there), online(alice, 'live'));
          await tunnels(allLive(there), { add: [tunnel(alice, bob)] });
          await tunnels(allLive(here), { add: [tunnel(alice, bob)] });
          await tunnels(allLive(here), withdraw());
          deepEqual(await ownTunnels(here), []);
          deepEqual(await ownTunnels(there), [`${alice},${bob}`]);
        });

        it(`${how} reaches another coordinator where the source is lost`, async () => {
          await beat(here, there);
          await bind(allLive(there), online(alice, 'a'));
          await bind(allLive(there), lost(alice, 'a'));
          await tunnels(allLive(there), { add: [tunnel(alice, bob), tunnel(bob, alice)] });
          const heard = await listen(channels.tunnel);
          await tunnels(allLive(here), withdraw());
          deepEqual(await ownTunnels(there), [`${bob},${alice}`]);
          deepEqual(await heard.untilNow(), [`${alice},${bob}`]);
        });

        it(`${how} reaches another coordinator where the source has no binding`, async () => {
          await beat(here, there);
          await tunnels(allLive(there), { add: [tunnel(alice, bob)] });
          await tunnels(allLive(here), withdraw());
          deepEqual(await ownTunnels(there), []);
        });

        it(`${how} reaches a coordinator that has gone silent`, async () => {
          await beat(here, there);
          await bind(allLive(there), online(alice, 'a'));
          await tunnels(allLive(there), { add: [tunnel(alice, bob)] });
          await tunnels(allSilent(here), withdraw());
          deepEqual(await ownTunnels(there), []);
        });

        it(`${how} deletes the own row although the source is live here`, async () => {
          await beat(here);
          await bind(allLive(here), online(alice, 'a'));
          await tunnels(allLive(here), { add: [tunnel(alice, bob)] });
          await tunnels(allLive(here), withdraw());
          deepEqual(await ownTunnels(here), []);
        });
      }

      it('removeOwn deletes the own row, and no other, whatever else the batch does', async () => {
        await beat(here, there);
        const dave = crypto.randomUUID();
        const removeOwn = [tunnel(alice, bob), tunnel(bob, carol)];
        await tunnels(allLive(there), { add: [tunnel(alice, bob), tunnel(alice, carol)] });
        await tunnels(allLive(here), { add: [tunnel(alice, bob), tunnel(alice, carol), tunnel(bob, alice)] });
        const heard = await listen(channels.tunnel);
        await tunnels(allLive(here), { removeOwn });
        deepEqual(sorted(await ownTunnels(here)), sorted([`${alice},${carol}`, `${bob},${alice}`]));
        deepEqual(await heard.untilNow(), [`${alice},${bob}`]);
        await tunnels(allLive(here), { add: [tunnel(alice, bob)] });
        await heard.untilNow();
        await tunnels(allLive(here), { add: [tunnel(carol, dave)], remove: [tunnel(bob, alice)], removeOwn });
        deepEqual(sorted(await ownTunnels(here)), sorted([`${alice},${carol}`, `${carol},${dave}`]));
        deepEqual(sorted(await heard.untilNow()), sorted([`${alice},${bob}`, `${bob},${alice}`, `${carol},${dave}`]));
        deepEqual(sorted(await ownTunnels(there)), sorted([`${alice},${bob}`, `${alice},${carol}`]));
      });

      it('removeOwn goes with a goodbye of the same source, and with one who is live here', async () => {
        await beat(here, there);
        await bind(allLive(here), online(alice, 'a'), online(bob, 'b'));
        await bind(allLive(there), online(alice, 'a'));
        for (const writer of [allLive(here), allLive(there)]) {
          await tunnels(writer, { add: [tunnel(alice, bob), tunnel(alice, carol), tunnel(bob, carol)] });
        }
        const heard = await listen(channels.tunnel);
        await tunnels(allLive(here), {
          ...{ clear: [alice], add: [tunnel(alice, carol)] },
          removeOwn: [tunnel(alice, bob), tunnel(bob, carol)],
        });
        deepEqual(await ownTunnels(here), [`${alice},${carol}`]);
        deepEqual(sorted(await ownTunnels(there)), sorted([`${alice},${bob}`, `${alice},${carol}`, `${bob},${carol}`]));
        deepEqual(sorted(await heard.untilNow()), sorted([`${alice},${bob}`, `${alice},${carol}`, `${bob},${carol}`]));
      });

      it('announces a pair once, however many rows went', async () => {
        await beat(here, there);
        await tunnels(allLive(there), { add: [tunnel(alice, bob)] });
        await tunnels(allLive(here), { add: [tunnel(alice, bob)] });
        const heard = await listen(channels.tunnel);
        await tunnels(allLive(here), { remove: [tunnel(alice, bob)] });
        deepEqual(await heard.untilNow(), [`${alice},${bob}`]);
      });

      it('is announced together with the change: who hears of it can read it', async () => {
        await beat(here);
        const heard = await listen(channels.tunnel);
        const adding = tunnels(allLive(here), { add: [tunnel(alice, bob)] });
        await heard.next();
        deepEqual(await lastOf(store.readPairs([[alice, bob]])), [true]);
        await adding;
        const removing = tunnels(allLive(here), { remove: [tunnel(alice, bob)] });
        await heard.next();
        deepEqual(await lastOf(store.readPairs([[alice, bob]])), [false]);
        await removing;
      });

      it('can be repeated', async () => {
        await beat(here);
        await tunnels(allLive(here), { add: [tunnel(bob, alice), tunnel(carol, alice)] });
        const writes = { add: [tunnel(alice, bob)], remove: [tunnel(bob, alice)], clear: [carol] };
        await tunnels(allLive(here), writes);
        await tunnels(allLive(here), writes);
        deepEqual(await ownTunnels(here), [`${alice},${bob}`]);
      });

      it('fails with missing-coordinator before the first heartbeat, and writes nothing', async () => {
        const heard = await listen(channels.tunnel);
        const error = await failure(tunnels(allLive(here), { add: [tunnel(alice, bob)] }));
        equal(error.reason, 'missing-coordinator');
        deepEqual(await heard.untilNow(), []);
        deepEqual(await lastOf(store.readPairs([[alice, bob]])), [false]);
      });

      it('takes 1,000 at once', async () => {
        await beat(here);
        const heard = await listen(channels.tunnel);
        const pairs = uuids(1000).map((id) => tunnel(alice, id));
        await tunnels(allLive(here), { add: pairs });
        deepEqual(sorted(await heard.untilNow()), sorted(pairs.map(pairText)));
        await tunnels(allLive(here), { remove: pairs.slice(0, 500), add: pairs.slice(500) });
        await heard.untilNow();
        deepEqual(sorted(await ownTunnels(here)), sorted(pairs.slice(500).map(pairText)));
        await tunnels(allLive(here), { clear: [alice] });
        deepEqual(sorted(await heard.untilNow()), sorted(pairs.slice(500).map(pairText)));
        deepEqual(await ownTunnels(here), []);
      });
    });

    describe('loseBindings', () => {
      it('marks every ok binding of a coordinator lost, keeps the node, and announces them', async () => {
        await beat(here, there);
        const time = await bind(allLive(here), online(alice, 'a'), online(bob, 'b'), online(carol, 'c'));
        await bind(allLive(here), lost(carol, 'c'));
        await bind(allLive(there), online(alice, 'there'));
        const heard = await listen(channels.peer);
        equal(await lastOf(store.loseBindings(here)), 2);
        deepEqual(sorted(await heard.untilNow()), sorted([alice, bob]));
        deepEqual(
          await bindingTexts(alice, bob, carol),
          sorted([
            `${alice}@${here} lost a`,
            `${alice}@${there} ok there`,
            `${bob}@${here} lost b`,
            `${carol}@${here} lost c`,
          ]),
        );
        ok(((await readBindings(bob))[0]?.updatedAt ?? 0) > time);
      });

      it('begins the day after which the cleanup takes them, however old they were', async () => {
        if (tested.age === undefined) return;
        await beat(here);
        await bind(allLive(here), online(alice, 'a'));
        await tested.age(25);
        await lastOf(store.loseBindings(here));
        equal(await lastOf(store.cleanLostBindings()), 0);
        deepEqual(await bindingTexts(alice), [`${alice}@${here} lost a`]);
        await tested.age(25);
        equal(await lastOf(store.cleanLostBindings()), 1);
      });

      it('does nothing the second time', async () => {
        await beat(here);
        await bind(allLive(here), online(alice, 'a'));
        await lastOf(store.loseBindings(here));
        const heard = await listen(channels.peer);
        equal(await lastOf(store.loseBindings(here)), 0);
        equal(await lastOf(store.loseBindings(there)), 0);
        deepEqual(await heard.untilNow(), []);
      });
    });

    describe('reading', () => {
      const neighbours = async (...ids: Uuid[]): Promise<string[]> =>
        sorted(
          ((await lastOf(store.readNeighbours(ids))) ?? []).flatMap(({ peerId, neighbourIds }) =>
            neighbourIds.map((neighbourId) => `${peerId}-${neighbourId}`),
          ),
        );

      it('readNeighbours looks both ways, whichever coordinator holds the tunnel, each neighbour once', async () => {
        await beat(here, there);
        await tunnels(allLive(here), { add: [tunnel(alice, bob)] });
        await tunnels(allLive(there), { add: [tunnel(alice, bob), tunnel(bob, alice), tunnel(carol, bob)] });
        deepEqual(await neighbours(alice), [`${alice}-${bob}`]);
        deepEqual(await neighbours(bob), sorted([`${bob}-${alice}`, `${bob}-${carol}`]));
        deepEqual(await neighbours(alice, carol), sorted([`${alice}-${bob}`, `${carol}-${bob}`]));
        deepEqual(await neighbours(crypto.randomUUID()), []);
        deepEqual(await neighbours(), []);
      });

      it('readNeighbours gives all neighbours of a hub', async () => {
        await beat(here);
        const spokes = uuids(3000);
        await tunnels(allLive(here), { add: spokes.slice(0, 1500).map((id) => tunnel(alice, id)) });
        await tunnels(allLive(here), { add: spokes.slice(1500).map((id) => tunnel(id, alice)) });
        deepEqual(await neighbours(alice), sorted(spokes.map((id) => `${alice}-${id}`)));
      });

      it('readPairs tells pairs that share a tunnel in any direction from those that do not, by position', async () => {
        await beat(here, there);
        await tunnels(allLive(here), { add: [tunnel(alice, bob)] });
        await tunnels(allLive(there), { add: [tunnel(carol, bob)] });
        const answers = await lastOf(
          store.readPairs([
            [alice, bob],
            [bob, alice],
            [alice, carol],
            [bob, carol],
            [carol, bob],
            [alice, alice],
            [alice, bob],
          ]),
        );
        deepEqual(answers, [true, true, false, true, true, false, true]);
        deepEqual(await lastOf(store.readPairs([])), []);
      });

      it('readPairs answers 1,000 at once', async () => {
        await beat(here);
        const ids = uuids(1000);
        await tunnels(allLive(here), { add: ids.filter((_, i) => i % 3 === 0).map((id) => tunnel(alice, id)) });
        const answers = await lastOf(store.readPairs(ids.map((id) => [id, alice] as const)));
        deepEqual(
          answers,
          ids.map((_, i) => i % 3 === 0),
        );
      });

      it('readBindings of nobody is empty', async () => {
        deepEqual(await readBindings(), []);
        deepEqual(await readBindings(alice), []);
      });

      it('readOwnBindings gives all bindings of one coordinator, in any order', async () => {
        await beat(here, there);
        const ids = sorted(uuids(25));
        const time = await bind(allLive(here), ...ids.map((id) => online(id, 'x')));
        await bind(allLive(there), ...uuids(10).map((id) => online(id, 'y')), online(ids[0] ?? '', 'y'));
        await bind(allLive(here), lost(ids[3] ?? '', 'x'));
        const rows = [...((await lastOf(store.readOwnBindings(here))) ?? [])];
        for (const row of rows) {
          equal(row.status, row.peerId === ids[3] ? 'lost' : 'ok');
          if (row.status === 'ok') equal(row.updatedAt, time);
        }
        deepEqual(sorted(rows.map(({ peerId }) => peerId)), ids);
        deepEqual([...((await lastOf(store.readOwnBindings(alice))) ?? [])], []);
      });

      it('readOwnTunnels goes through the tunnels of one coordinator in order, page by page', async () => {
        await beat(here, there);
        const sources = uuids(5);
        const pairs = sources.flatMap((src) => uuids(5).map((dst) => tunnel(src, dst)));
        await tunnels(allLive(here), { add: pairs });
        await tunnels(allLive(there), { add: uuids(10).map((id) => tunnel(id, alice)) });
        const seen: Tunnel[] = [];
        for (let after: Tunnel | undefined; ;) {
          const page: readonly Tunnel[] = (await lastOf(store.readOwnTunnels(here, after, 7))) ?? [];
          seen.push(...page);
          if (page.length < 7) break;
          after = seen.at(-1);
        }
        deepEqual(seen.map(pairText), sorted(pairs.map(pairText)));
      });
    });

    describe('cleanup', () => {
      const clean = async () => ({
        coordinators: await lastOf(store.cleanCoordinators()),
        bindings: await lastOf(store.cleanLostBindings()),
        tunnels: await lastOf(store.cleanTunnels()),
      });

      it('keeps what is young', async () => {
        await beat(here);
        await bind(allLive(here), online(alice, 'a'), online(bob, 'b'));
        await bind(allLive(here), lost(alice, 'a'));
        await tunnels(allLive(here), { add: [tunnel(alice, bob), tunnel(carol, bob)] });
        await tested.age?.(23);
        deepEqual(await clean(), { coordinators: 0, bindings: 0, tunnels: 0 });
        equal((await readBindings(alice, bob)).length, 2);
        equal((await ownTunnels(here)).length, 2);
      });

      it('deletes coordinators that were silent for a day, with all they wrote, and announces that', async () => {
        if (tested.age === undefined) return;
        await beat(here, there);
        await bind(allLive(here), online(alice, 'a'));
        await tunnels(allLive(here), { add: [tunnel(alice, bob)] });
        await bind(allLive(there), online(bob, 'b'));
        await tested.age(25);
        await beat(there);
        const peers = await listen(channels.peer);
        const edges = await listen(channels.tunnel);
        equal(await lastOf(store.cleanCoordinators()), 1);
        deepEqual(await bindingTexts(alice, bob), [`${bob}@${there} ok b`]);
        deepEqual(await ownTunnels(here), []);
        deepEqual(await peers.untilNow(), [alice]);
        deepEqual(await edges.untilNow(), [`${alice},${bob}`]);
        equal((await lastOf(store.heartbeat(here)))?.created, true);
      });

      it('deletes bindings that were lost for a day, and announces them', async () => {
        if (tested.age === undefined) return;
        await beat(here);
        await bind(allLive(here), online(alice, 'a'), online(bob, 'b'), online(carol, 'c'));
        await bind(allLive(here), lost(alice, 'a'), lost(carol, 'c'));
        await tested.age(25);
        await bind(allLive(here), lost(carol, 'c'));
        const heard = await listen(channels.peer);
        equal(await lastOf(store.cleanLostBindings()), 1);
        deepEqual(await bindingTexts(alice, bob, carol), sorted([`${bob}@${here} ok b`, `${carol}@${here} lost c`]));
        deepEqual(await heard.untilNow(), [alice]);
      });

      it('deletes old tunnels without a binding of their source at the same coordinator, and announces them', async () => {
        if (tested.age === undefined) return;
        await beat(here, there);
        await bind(allLive(here), online(alice, 'a'));
        await bind(allLive(there), online(bob, 'elsewhere'));
        await tunnels(allLive(here), { add: [tunnel(alice, bob), tunnel(bob, alice)] });
        await tested.age(25);
        await tunnels(allLive(here), { add: [tunnel(carol, alice)] });
        const heard = await listen(channels.tunnel);
        equal(await lastOf(store.cleanTunnels()), 1);
        deepEqual(sorted(await ownTunnels(here)), sorted([`${alice},${bob}`, `${carol},${alice}`]));
        deepEqual(await heard.untilNow(), [`${bob},${alice}`]);
      });
    });
  });
}
