import { expect } from 'chai';
import { EMPTY, firstValueFrom, of, Subject, VirtualTimeScheduler } from 'rxjs';
import { channels, type BusEvent } from '../../src/db/bus.js';
import type { Binding, CoordinatorAge } from '../../src/db/store.js';
import { unshiftedDatabase } from '../../src/streams/unshiftedDatabase.js';
import { alice, memoryDatabase, north, south, west } from '../../src/testing/index.js';

const [second, hour] = [1000, 3_600_000];

/** A database that answers what it is told to, and notes what it is asked. */
const setUp = (ages: readonly CoordinatorAge[]) => {
  const asked: [method: string, ...args: unknown[]][] = [];
  const bindings = [north, south].map((coordinatorId): Binding => {
    return { peerId: alice, coordinatorId, updatedAt: 0, node: new Uint8Array(), status: 'ok' };
  });
  const answers: Readonly<Record<string, unknown>> = { readCoordinators: ages, readBindings: bindings };
  const noting = new Proxy(memoryDatabase().store, {
    get:
      (_store, method: string) =>
      (...args: unknown[]) => {
        asked.push([method, ...args]);
        return of(answers[method]);
      },
  });
  const beats$ = new Subject<BusEvent>();
  const scheduler = new VirtualTimeScheduler();
  const bus = { listen$: () => beats$, publish: () => EMPTY };
  const database = unshiftedDatabase({ store: noting, bus }, scheduler);
  database.bus.listen$(channels.heartbeat).subscribe();
  const beat = (payload: string) => beats$.next({ kind: 'message', payload });
  return { database, asked, beat };
};

const writer = { coordinatorId: west, expiry: 6000 };
const aged = (coordinatorId: string, age: number): CoordinatorAge => ({ coordinatorId, age });

describe('an unshifted database', () => {
  it('passes every call on, and those without times just as they are', () => {
    const { database, asked } = setUp([]);
    const methods = Object.keys(memoryDatabase().store);
    expect(Object.keys(database.store)).to.have.members(methods);
    for (const method of methods) {
      const call: unknown = Reflect.get(database.store, method);
      if (typeof call === 'function') Reflect.apply(call, undefined, ['one', 'two', 'three']);
    }
    expect(asked.map(([method]) => method)).to.deep.equal(methods);
    expect(asked).to.deep.include.members([
      ['writeBindings', 'one', 'two'],
      ['readOwnTunnels', 'one', 'two', 'three'],
    ]);
  });

  it('tells the true ages of all, and asks for those, too, whose times are off', async () => {
    const { database, asked, beat } = setUp([aged(north, -3.5 * hour + second), aged(south, second)]);
    beat(north.toUpperCase());
    beat('no coordinator');
    expect(await firstValueFrom(database.store.readCoordinators(6000))).to.deep.equal([
      aged(north, second),
      aged(south, second),
    ]);
    expect(asked).to.deep.equal([['readCoordinators', 6000 + 14 * hour]]);
  });

  it('puts times of bindings right, and tells writes whose times are off, from then on', async () => {
    const { database, asked, beat } = setUp([aged(north, -3.5 * hour + second), aged(south, second)]);
    beat(north);
    const times = async () =>
      (await firstValueFrom(database.store.readBindings([alice]))).map(({ updatedAt }) => updatedAt);
    const write = () => {
      asked.length = 0;
      database.store.writeBindings(writer, []);
      database.store.writeTunnels(writer, { add: [], remove: [], clear: [] });
      return asked.map(([, given]) => given);
    };
    expect(await times()).to.deep.equal([0, 0]);
    expect(write()).to.deep.equal([writer, writer]);
    await firstValueFrom(database.store.readCoordinators(6000));
    expect(await times()).to.deep.equal([-3.5 * hour * 1000, 0]);
    const knowing = { ...writer, shifts: new Map([[north, -3.5 * hour]]) };
    expect(write()).to.deep.equal([knowing, knowing]);
  });
});
