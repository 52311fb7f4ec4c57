import { expect } from 'chai';
import { Observable } from 'rxjs';
import { channels, type BusEvent } from '../../src/db/bus.js';
import type { Binding, StoreError } from '../../src/db/store.js';
import { memoryDatabase } from '../../src/testing/index.js';

const north = 'c0000000-0000-4000-8000-000000000001';
const south = 'c0000000-0000-4000-8000-000000000002';
const alice = 'a11ce000-0000-4000-8000-000000000000';
const bob = 'b0b00000-0000-4000-8000-000000000000';
const writer = { coordinatorId: north, expiry: 6000 };
const node = Uint8Array.of(1, 2, 3);

/** The one value that a call answers before its subscription returns. */
const answer = <T>(call$: Observable<T>): T => {
  const values: T[] = [];
  let end: 'none' | 'complete' | { error: unknown } = 'none';
  call$.subscribe({
    next: (value) => values.push(value),
    error: (error: unknown) => (end = { error }),
    complete: () => (end = 'complete'),
  });
  if (typeof end === 'object') throw (end as { error: unknown }).error;
  expect(end).to.equal('complete');
  expect(values).to.have.lengthOf(1);
  return values[0] as T;
};

describe('memoryDatabase', () => {
  it('answers within the call', () => {
    const { store } = memoryDatabase();
    expect(answer(store.heartbeat(north))).to.deep.equal({ created: true, hasBindings: false, hasTunnels: false });
    answer(store.writeBindings(writer, [{ kind: 'node', peerId: alice, node }]));
    answer(store.writeTunnels(writer, { add: [{ src: alice, dst: bob }], remove: [], clear: [] }));
    expect(answer(store.heartbeat(north))).to.deep.equal({ created: false, hasBindings: true, hasTunnels: true });
    expect(answer(store.readNeighbours([bob]))).to.deep.equal([{ peerId: bob, neighbourId: alice }]);
  });

  it('delivers what a listener causes after what it is hearing, to all listeners in the same order', () => {
    const { store, bus } = memoryDatabase();
    answer(store.heartbeat(north));
    const heard: string[] = [];
    let inside = false;
    const hear = (name: string, react: (event: BusEvent) => void) =>
      bus.listen$(channels.peer).subscribe((event) => {
        expect(inside, 're-entered').to.equal(false);
        inside = true;
        heard.push(`${name} ${event.kind === 'gap' ? 'gap' : event.payload.slice(0, 3)}`);
        react(event);
        inside = false;
      });
    hear('first', (event) => {
      if (event.kind === 'message' && event.payload === alice) {
        answer(store.writeBindings(writer, [{ kind: 'node', peerId: bob, node }]));
      }
    });
    hear('second', () => undefined);
    answer(store.writeBindings(writer, [{ kind: 'node', peerId: alice, node }]));
    expect(heard).to.deep.equal(['first gap', 'second gap', 'first a11', 'second a11', 'first b0b', 'second b0b']);
  });

  it('refuses to write for a coordinator without a row', () => {
    const { store } = memoryDatabase();
    let reason = '';
    store
      .writeBindings(writer, [{ kind: 'node', peerId: alice, node }])
      .subscribe({ error: (error: StoreError) => (reason = error.reason) });
    expect(reason).to.equal('missing-coordinator');
  });

  it('orders the bindings of a peer by the time of their write, even within a millisecond', () => {
    const { store } = memoryDatabase({
      scheduler: {
        now: () => 5,
        schedule: () => {
          throw new Error('unused');
        },
      },
    });
    answer(store.heartbeat(north));
    answer(store.heartbeat(south));
    answer(store.writeBindings(writer, [{ kind: 'node', peerId: alice, node }]));
    answer(store.writeBindings({ ...writer, coordinatorId: south }, [{ kind: 'node', peerId: alice, node }]));
    const times = answer(store.readBindings([alice])).map(({ updatedAt }: Binding) => updatedAt);
    expect(times).to.deep.equal([5000, 5001]);
  });
});
