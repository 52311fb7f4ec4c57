import { expect } from 'chai';
import { EMPTY, NEVER, type Observable, of, throwError } from 'rxjs';
import type { Bus } from '../../src/db/bus.js';
import { type Store, StoreError } from '../../src/db/store.js';
import { measuredDatabase } from '../../src/streams/measuredDatabase.js';
import { alice, bob, carol, memoryDatabase, north } from '../../src/testing/index.js';
import { type Telemetry, silentTelemetry } from '../../src/telemetry.js';

const node = new Uint8Array();

/** Each call of a store and a bus, with what it is called with. */
const calls: Readonly<Record<string, (database: { store: Store; bus: Bus }) => Observable<unknown>>> = {
  heartbeat: ({ store }) => store.heartbeat(north),
  readCoordinators: ({ store }) => store.readCoordinators(1000),
  writeBindings: ({ store }) =>
    store.writeBindings({ coordinatorId: north, expiry: 1 }, [{ kind: 'node', peerId: alice, node }]),
  writeTunnels: ({ store }) =>
    store.writeTunnels(
      { coordinatorId: north, expiry: 1 },
      {
        add: [{ src: alice, dst: bob }],
        remove: [{ src: bob, dst: alice }],
        clear: [bob],
        removeOwn: [{ src: bob, dst: carol }],
      },
    ),
  loseBindings: ({ store }) => store.loseBindings(north),
  readNeighbours: ({ store }) => store.readNeighbours([alice, bob]),
  readPairs: ({ store }) => store.readPairs([[alice, bob]]),
  readBindings: ({ store }) => store.readBindings([alice]),
  readOwnBindings: ({ store }) => store.readOwnBindings(north),
  readOwnTunnels: ({ store }) => store.readOwnTunnels(north, undefined, 10),
  cleanCoordinators: ({ store }) => store.cleanCoordinators(),
  cleanLostBindings: ({ store }) => store.cleanLostBindings(),
  cleanTunnels: ({ store }) => store.cleanTunnels(),
  publish: ({ bus }) => bus.publish('channel', ['a', 'b']),
};

const keys: Readonly<Record<string, number>> = {
  ...{ writeBindings: 1, writeTunnels: 4, readNeighbours: 2, readPairs: 1, readBindings: 1, publish: 2 },
};

/** A database that answers everything alike, and notes what it was asked. */
const answering = (answer$: Observable<never>) => {
  const asked: unknown[][] = [];
  const methods = (names: readonly string[]) =>
    Object.fromEntries(
      names.map((name) => [
        name,
        (...args: readonly unknown[]) => {
          asked.push([name, ...args]);
          return answer$;
        },
      ]),
    );
  // One answer for all is of no type that they have in common.
  const store = methods(Object.keys(calls)) as unknown;
  const bus = methods(['publish', 'listen$']) as unknown;
  return { asked, database: { store: store as Store, bus: bus as Bus } };
};

describe('a measured database', () => {
  const setUp = (answer$: Observable<never>) => {
    let now = 0;
    const heard: unknown[][] = [];
    const telemetry: Pick<Telemetry, 'now' | 'queryEnded'> = {
      now: () => (now += 7),
      queryEnded: (...fact) => heard.push(fact),
    };
    const { asked, database } = answering(answer$);
    return { asked, heard, database, measured: measuredDatabase(database, telemetry) };
  };

  it('covers every call that there is', () => {
    expect(Object.keys(calls)).to.have.members([...Object.keys(memoryDatabase().store), 'publish']);
  });

  for (const [query, call] of Object.entries(calls)) {
    it(`asks for ${query} what it is asked, each time anew, and says how long it took`, () => {
      const { asked, heard, database, measured } = setUp(EMPTY);
      call(database);
      const [plain] = asked.splice(0);
      const answer$ = call(measured);
      expect([asked, heard]).to.deep.equal([[], []]);
      answer$.subscribe();
      answer$.subscribe();
      expect(asked).to.deep.equal([plain, plain]);
      expect(heard).to.deep.equal(Array.from({ length: 2 }, () => [query, 'ok', 7, keys[query]]));
    });
  }

  it('says why a call failed, or that nobody waited for it', () => {
    const readAlice = (answer$: Observable<never>) => {
      const { heard, measured } = setUp(answer$);
      measured.store
        .readBindings([alice])
        .subscribe({ error: () => undefined })
        .unsubscribe();
      return heard.map(([, result]) => result);
    };
    expect(readAlice(throwError(() => new StoreError('refused', 'never')))).to.deep.equal(['refused']);
    expect(readAlice(throwError(() => new StoreError('unavailable', 'later')))).to.deep.equal(['unavailable']);
    expect(readAlice(throwError(() => new TypeError('a defect')))).to.deep.equal(['defect']);
    expect(readAlice(NEVER)).to.deep.equal(['abandoned']);
  });

  it('hands out what the database answers', () => {
    const { store, bus } = memoryDatabase();
    const telemetry = { now: () => 0, queryEnded: () => undefined };
    const answers: unknown[] = [];
    const answering = { ...store, cleanTunnels: () => of(3) };
    measuredDatabase({ store: answering, bus }, telemetry)
      .store.cleanTunnels()
      .subscribe((answer) => answers.push(answer));
    expect(answers).to.deep.equal([3]);
  });

  it('is the database itself where nobody listens', () => {
    const { store, bus } = memoryDatabase();
    const measured = measuredDatabase({ store, bus }, silentTelemetry);
    expect([measured.store === store, measured.bus === bus]).to.deep.equal([true, true]);
  });
});
