import { EMPTY, concat, concatMap, filter, ignoreElements, map, merge, timer } from 'rxjs';
import { channels } from '../../src/db/bus.js';
import { StoreError } from '../../src/db/store.js';
import { alice, bob, marbles, memoryDatabase, north, withFaults } from '../../src/testing/index.js';
import { adding, node, writer } from './support/answer.js';

describe('a database with latency', () => {
  it(
    'does the work after half of the time and answers after all of it',
    marbles(({ cold, expectObservable }) => {
      const { store, rows } = memoryDatabase({ latency: 10 });
      const rowCount$ = cold('-----(a|)').pipe(map(() => rows.coordinators().length));
      const beforeHalf$ = cold('----(a|)').pipe(map(() => rows.coordinators().length));
      expectObservable(store.heartbeat(north).pipe(map(({ created }) => created))).toBe('10ms (t|)', { t: true });
      expectObservable(beforeHalf$).toBe('----(n|)', { n: 0 });
      expectObservable(rowCount$).toBe('-----(n|)', { n: 1 });
    }),
  );

  it(
    'takes as long to refuse as to answer',
    marbles(({ expectObservable }) => {
      const { store } = memoryDatabase({ latency: 10 });
      const error = new StoreError('missing-coordinator', `coordinator ${north} has no row`);
      expectObservable(store.writeBindings(writer, [node(alice)])).toBe('10ms #', {}, error);
    }),
  );

  it(
    'does nothing for a caller that leaves in the first half, and the work for one that leaves in the second',
    marbles(({ expectObservable, cold }) => {
      const [left, stayed] = [memoryDatabase({ latency: 10 }), memoryDatabase({ latency: 10 })];
      expectObservable(left.store.heartbeat(north), '----!').toBe('-');
      expectObservable(stayed.store.heartbeat(north), '------!').toBe('-');
      const rows$ = cold('20ms (a|)').pipe(
        map(() => [left.rows.coordinators().length, stayed.rows.coordinators().length]),
      );
      expectObservable(rows$).toBe('20ms (r|)', { r: [0, 1] });
    }),
  );

  it(
    'may take its time by what is asked',
    marbles(({ expectObservable }) => {
      const { store } = memoryDatabase({ latency: ({ method }) => (method === 'heartbeat' ? 3 : 0) });
      expectObservable(store.heartbeat(north).pipe(ignoreElements())).toBe('---|');
      expectObservable(store.cleanTunnels()).toBe('(n|)', { n: 0 });
    }),
  );

  it(
    'delivers notifications late and in order, though the later be faster',
    marbles(({ expectObservable }) => {
      const database = memoryDatabase({ busLatency: (_, payload) => (payload === 'slow' ? 10 : 2) });
      const { bus } = database;
      const heard$ = bus.listen$('news').pipe(map((event) => (event.kind === 'gap' ? 'gap' : event.payload)));
      const publishing$ = concat(
        timer(1).pipe(concatMap(() => bus.publish('news', ['quick', 'slow']))),
        timer(4).pipe(concatMap(() => bus.publish('news', ['also quick']))),
        timer(15).pipe(concatMap(() => bus.publish('news', ['alone']))),
      );
      expectObservable(merge(heard$, publishing$), '40ms !').toBe('g--q 7ms (sa) 7ms x', {
        g: 'gap',
        q: 'quick',
        s: 'slow',
        a: 'also quick',
        x: 'alone',
      });
    }),
  );

  it(
    'delivers in their order what one sender says, on whatever channels, and keeps nobody else waiting',
    marbles(({ hot, expectObservable }) => {
      const said: Record<string, readonly [channel: string, sender: number | undefined]> = {
        ...{ a: ['slow', 1], b: ['quick', 1], c: ['other', 2], d: ['other', undefined], e: ['quick', 2] },
      };
      const saying$ = hot('-(abcd)e');
      const bus = {
        listen$: (channel: string) =>
          saying$.pipe(
            map((payload) => ({ kind: 'message' as const, payload, sender: said[payload]![1] })),
            filter(({ payload }) => said[payload]![0] === channel),
            map(({ sender, ...event }) => (sender === undefined ? event : { ...event, sender })),
          ),
        publish: () => EMPTY,
      };
      const late = withFaults(
        { store: memoryDatabase().store, bus },
        { busLatency: (channel) => (channel === 'slow' ? 10 : 2) },
      );
      const heard$ = merge(...['slow', 'quick', 'other'].map((channel) => late.bus.listen$(channel))).pipe(
        map((event) => (event.kind === 'gap' ? 'gap' : event.payload)),
      );
      // On a quick channel b waits for a, which is by the same sender, and so e for b.
      expectObservable(heard$, '40ms !').toBe('---(cd) 4ms (abe)');
    }),
  );

  it(
    'adds the latency of a wire to that of the database',
    marbles(({ expectObservable }) => {
      const database = memoryDatabase({ latency: 10, busLatency: 5 });
      const wire = database.connect({ latency: 4, busLatency: 3 });
      expectObservable(wire.store.heartbeat(north).pipe(ignoreElements())).toBe('14ms |');
      // Half of the 4 and half of the 10 on the way there; 5 and 3 on the way back.
      expectObservable(wire.bus.listen$(channels.heartbeat).pipe(map(({ kind }) => kind)), '50ms !').toBe('g 14ms m', {
        g: 'gap',
        m: 'message',
      });
    }),
  );

  it(
    'reads the time of the scheduler, so that a day passes at once',
    marbles(({ expectObservable }) => {
      const { store } = withFaults(memoryDatabase());
      const day = 24 * 3600 * 1000;
      const written$ = concat(store.heartbeat(north), store.writeTunnels(writer, adding({ src: alice, dst: bob })));
      const cleaned$ = concat(
        written$.pipe(ignoreElements()),
        timer(day).pipe(ignoreElements()),
        store.cleanCoordinators(),
        timer(1).pipe(ignoreElements()),
        store.cleanCoordinators(),
      );
      expectObservable(cleaned$).toBe(`${day}ms a (b|)`, { a: 0, b: 1 });
    }),
  );

  it(
    'tells the age of a heartbeat to the millisecond',
    marbles(({ expectObservable }) => {
      const { store } = memoryDatabase();
      const found = (maxAge: number) => store.readCoordinators(maxAge).pipe(map(([found]) => found?.age));
      const ages$ = concat(
        store.heartbeat(north).pipe(ignoreElements()),
        timer(6000).pipe(ignoreElements()),
        found(6000),
        found(6001),
      );
      expectObservable(ages$).toBe('6s (ab|)', { a: undefined, b: 6000 });
    }),
  );
});
