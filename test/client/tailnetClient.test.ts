import { expect } from 'chai';
import {
  type Observable,
  type SchedulerAction,
  type SchedulerLike,
  BehaviorSubject,
  EMPTY,
  NEVER,
  Subject,
  concat,
  filter,
  ignoreElements,
  map,
  of,
  switchMap,
  takeUntil,
  throwError,
  timer,
} from 'rxjs';
import {
  TailnetClientError,
  coordinatorTransport,
  tailnetClient$,
  type TailnetClientOptions,
  type Transport,
  type TransportEvent,
} from '../../src/client/index.js';
import { requests } from '../../src/proto/requests.js';
import { PeerUpdateKind } from '../../src/proto/responses.js';
import { alice, bob, carol, dave, marbles } from '../../src/testing/index.js';
import { describeState } from './describeState.js';
import { closes, errs, opens, says, scriptedTransport, update } from './scriptedTransport.js';

/** What happens to a connection, a letter each. */
const script: Record<string, TransportEvent> = {
  o: opens,
  b: says(update(bob, 'NODE', 2, 'new')),
  l: says(update(bob, 'LOST', 2, 'lost')),
  d: says(update(bob, 'DISCONNECTED', undefined, 'disconnected')),
  r: says(update(bob, 'READY_FOR_HANDSHAKE')),
  x: closes(1006, 'gone'),
  z: closes(1000),
};

/** What a client knows, in words. */
const words = {
  c: 'connecting',
  o: 'connected',
  b: 'connected; bob derp 2; bob node (new)',
};

/** A client in virtual time, in words. */
const client$ = (options: Partial<TailnetClientOptions>): Observable<string> =>
  tailnetClient$({ id: alice, node$: of({ preferredDerp: 7 }), random: () => 0.5, ...options }).pipe(
    map(describeState),
  );

describe('a client', () => {
  it(
    'knows the peers that the coordinator tells it of, as they are now',
    marbles(({ cold, expectObservable }) => {
      const transport = scriptedTransport(cold('-obrlbd', script));
      expectObservable(client$({ transport })).toBe('cobrlfd', {
        ...words,
        r: 'connected; bob derp 2 ready; bob readyForHandshake',
        l: 'connected; bob derp 2 lost since 4 ready; bob lost (lost)',
        f: 'connected; bob derp 2 ready; bob node (new)',
        d: 'connected; ; bob disconnected (disconnected)',
      });
    }),
  );

  it(
    'says its node and its tunnels, then what changes, and answers each node once its subscriber has it',
    marbles(({ cold, hot, flush }) => {
      const transport = scriptedTransport(cold('-o 98ms b', script));
      const node$ = hot('n 49ms m', { n: { preferredDerp: 7 }, m: { preferredDerp: 8 } });
      const tunnels$ = hot('t 69ms u', { t: [bob, carol], u: new Set([carol, dave]) });
      const seen: number[] = [];
      client$({ transport, node$, tunnels$ }).subscribe(() => seen.push(transport.sent.length));
      flush();
      expect(transport.sent).to.deep.equal([
        ...['1 derp 7', '1 +bob', '1 +carol', '50 derp 8', '70 -bob', '70 +dave', '100 ready for bob'],
      ]);
      expect(seen.at(-1), 'sent when the subscriber was told').to.equal(6);
    }),
  );

  it(
    'marks all as lost when the connection is, connects again, later each time, and says everything again',
    marbles(({ cold, expectObservable, flush }) => {
      const transport = scriptedTransport(cold('-ob 97ms (x|)', script), cold('-(x|)', script), cold('-ob', script));
      // The middle of 250 to 500, and of 375 to 750.
      expectObservable(client$({ transport, tunnels$: of([bob, carol]) }), '^ 2s !').toBe(
        'cob 97ms w 374ms dv 562ms dpb',
        {
          ...words,
          w: 'waiting 375 after 1006 gone; bob derp 2 lost since 100; bob lost (own connection lost)',
          v: 'waiting 563 after 1006 gone; bob derp 2 lost since 100',
          d: 'connecting; bob derp 2 lost since 100',
          p: 'connected; bob derp 2 lost since 100',
        },
      );
      flush();
      const said = ['derp 7', '+bob', '+carol'];
      expect(transport.sent).to.deep.equal([
        ...[...said.map((word) => `1 ${word}`), '2 ready for bob'],
        ...[...said.map((word) => `1040 ${word}`), '1041 ready for bob'],
      ]);
    }),
  );

  it(
    'drops who is not there again after a reconnect, once the grace is over that began when the connection was lost',
    marbles(({ cold, expectObservable }) => {
      const both = says(update(bob, 'NODE', 2), update(carol, 'NODE', 3));
      const first = cold('-ob--(z|)', { ...script, b: both });
      const transport = scriptedTransport(first, cold('-oc', { ...script, c: says(update(carol, 'NODE', 3)) }));
      const kept = 'bob derp 2 lost since 5, carol derp 3';
      expectObservable(client$({ transport, lostGrace: 10_000 }), '^ 1m !').toBe('cob--w 374ms vpn 9622ms e', {
        c: 'connecting',
        o: 'connected',
        b: 'connected; bob derp 2, carol derp 3; bob node, carol node',
        w: `waiting 375 after 1000; ${kept} lost since 5; bob lost (own connection lost), carol lost (own connection lost)`,
        v: `connecting; ${kept} lost since 5`,
        p: `connected; ${kept} lost since 5`,
        n: `connected; ${kept}; carol node`,
        e: 'connected; carol derp 3; bob expired (lost for too long)',
      });
    }),
  );

  it(
    'keeps who is heard of otherwise, for so long after the last handshake',
    marbles(({ cold, expectObservable, scheduler }) => {
      const transport = scriptedTransport(cold('-obl', script));
      const asked: number[] = [];
      // A handshake every two minutes, until a quarter of an hour has passed. The answer takes a moment.
      const lastHandshake = () => {
        asked.push(scheduler.now());
        return timer(5).pipe(map(() => Math.min(Math.floor(scheduler.now() / 120_000), 7) * 120_000));
      };
      const expired = 7 * 120_000 + 600_000;
      expectObservable(client$({ transport, lostGrace: 600_000, lastHandshake }), '^ 60m !').toBe(
        `cobl ${String(expired + 5 - 4)}ms e`,
        {
          ...words,
          l: 'connected; bob derp 2 lost since 3; bob lost (lost)',
          e: 'connected; ; bob expired (lost for too long)',
        },
      );
    }),
  );

  it(
    'keeps lost peers for ever when it is told so, and drops nobody who came back in time',
    marbles(({ cold, expectObservable }) => {
      const forever = scriptedTransport(cold('-obl', script));
      const lost = 'connected; bob derp 2 lost since 3; bob lost (lost)';
      expectObservable(client$({ transport: forever, lostGrace: Infinity }), '^ 2880m !').toBe('cobl', {
        ...words,
        l: lost,
      });
      const back = scriptedTransport(cold('-obl 999ms b', script));
      expectObservable(client$({ transport: back, lostGrace: 1000 }), '^ 60m !').toBe('cobl 999ms b', {
        ...words,
        l: lost,
      });
    }),
  );

  it(
    'takes back tunnels that were removed while there was no connection, or shortly before it broke',
    marbles(({ cold, hot, expectObservable, flush }) => {
      const transport = scriptedTransport(cold('-ob 297ms (x|)', script), cold('200ms o', script));
      const all = [bob, carol, dave];
      const tunnels$ = hot('a 249ms b 149ms c', { a: all, b: [bob, carol], c: [carol] });
      expectObservable(client$({ transport, tunnels$ }), '^ 2s !').toBe('cob 297ms w 99ms r 274ms v 199ms o', {
        ...words,
        w: 'waiting 375 after 1006 gone; bob derp 2 lost since 300; bob lost (own connection lost)',
        // Nobody is there to say that it is disconnected.
        r: 'waiting 375 after 1006 gone; ; bob disconnected (tunnel removed)',
        v: 'connecting',
      });
      flush();
      expect(transport.sent.filter((word) => /[+-]/.test(word))).to.deep.equal([
        ...['1 +bob', '1 +carol', '1 +dave', '250 -dave'],
        ...['875 -dave', '875 -bob', '875 +carol'],
      ]);
    }),
  );

  it(
    'says goodbye, and completes when the coordinator has closed',
    marbles(({ cold, expectObservable, flush }) => {
      const transport = scriptedTransport(cold('-ob 99ms (z|)', script));
      const goodbye$ = cold('100ms g');
      expectObservable(client$({ transport, goodbye$, node$: NEVER })).toBe('cob 99ms (e|)', {
        ...words,
        e: 'closed 1000; ; bob disconnected (goodbye)',
      });
      flush();
      expect(transport.sent).to.deep.equal(['2 ready for bob', '100 goodbye']);
    }),
  );

  it(
    'waits for the answer to its goodbye for so long and no longer',
    marbles(({ cold, expectObservable, flush }) => {
      const transport = scriptedTransport(cold('-o', script));
      expectObservable(client$({ transport, goodbye$: cold('100ms g'), goodbyePatience: 2000 })).toBe(
        'co 2098ms (e|)',
        { ...words, e: 'closed 1006 no answer to the goodbye within 2000 ms' },
      );
      flush();
      expect(transport.broken).to.deep.equal([2100]);
    }),
  );

  it(
    'says goodbye as soon as it can when it is connecting, and nothing else',
    marbles(({ cold, expectObservable, flush }) => {
      const transport = scriptedTransport(cold('1s o 99ms (z|)', script));
      expectObservable(client$({ transport, goodbye$: cold('500ms g') })).toBe('c 999ms o 99ms (e|)', {
        ...words,
        e: 'closed 1000',
      });
      flush();
      expect(transport.sent).to.deep.equal(['1000 goodbye']);
    }),
  );

  it(
    'ends at once when it is to leave while it waits',
    marbles(({ cold, expectObservable }) => {
      const transport = scriptedTransport(cold('-(x|)', script));
      expectObservable(client$({ transport, goodbye$: cold('100ms g') })).toBe('cw 98ms (e|)', {
        ...words,
        w: 'waiting 375 after 1006 gone',
        e: 'closed 1006 gone',
      });
    }),
  );

  it(
    'breaks the connection when nobody listens any more, and lets go of all that it was given',
    marbles(({ cold, hot, expectObservable, expectSubscriptions, flush }) => {
      const transport = scriptedTransport(cold('-ob', script));
      const inputs = {
        node$: hot('n', { n: {} }),
        tunnels$: hot('t', { t: [bob] }),
        goodbye$: hot('-'),
        reconnect$: hot('-'),
      };
      const readyForHandshake = hot('-', { '-': [bob] });
      expectObservable(client$({ transport, ...inputs, readyForHandshake }), '^ 99ms !').toBe('cob', words);
      for (const input$ of [...Object.values(inputs), readyForHandshake]) {
        expectSubscriptions(input$.subscriptions).toBe('^ 99ms !');
      }
      flush();
      expect(transport.broken).to.deep.equal([100]);
    }),
  );

  it(
    'is another client for each subscription',
    marbles(({ cold, expectObservable, flush }) => {
      const transport = scriptedTransport(cold('-ob', script));
      const one$ = client$({ transport });
      expectObservable(one$).toBe('cob', words);
      expectObservable(one$, '--^').toBe('--cob', words);
      flush();
      expect(transport.calls).to.have.length(2);
    }),
  );

  it(
    'starts the waits anew after a connection that was of use, and after one that has lasted',
    marbles(({ cold, expectObservable }) => {
      const useless = cold('-o(x|)', script);
      /** How long it waits after each connection, where this is the second one. */
      const waits$ = (second: Observable<TransportEvent>) =>
        tailnetClient$({
          ...{ id: alice, node$: of({}), random: () => 0.5 },
          transport: scriptedTransport(useless, second, useless),
        }).pipe(
          map(({ connection }) => (connection.kind === 'waiting' ? connection.retryIn : undefined)),
          filter((wait) => wait !== undefined),
        );
      const values = { a: 375, b: 563, c: 844 };
      expectObservable(waits$(useless), '^ 1200ms !').toBe('--a 376ms b 564ms c', values);
      // As long as it was waited for, or not.
      expectObservable(waits$(cold('-ob 373ms (x|)', script)), '^ 1500ms !').toBe('--a 750ms a 376ms b', values);
      expectObservable(waits$(cold('-ob 371ms (x|)', script)), '^ 1500ms !').toBe('--a 748ms b 564ms c', values);
      expectObservable(waits$(cold('-o 10001ms (x|)', script)), '^ 12s !').toBe(
        '--a 10377ms a 376ms b 564ms c',
        values,
      );
      expectObservable(waits$(cold('-o 9999ms (x|)', script)), '^ 11s !').toBe('--a 10375ms b 564ms c', values);
    }),
  );

  it(
    'connects anew at once when it is asked to, whether it waits or not',
    marbles(({ cold, expectObservable, flush }) => {
      const transport = scriptedTransport(cold('-ob', script), cold('5ms (x|)', script), cold('-ob', script));
      const lost = 'bob derp 2 lost since 100';
      expectObservable(client$({ transport, reconnect$: cold('100ms r 99ms r') }), '^ 1s !').toBe(
        'cob 97ms (wd) 1ms v 94ms dpb',
        {
          ...words,
          w: `waiting 0 after 1006 asked to connect anew; ${lost}; bob lost (own connection lost)`,
          d: `connecting; ${lost}`,
          v: `waiting 375 after 1006 gone; ${lost}`,
          p: `connected; ${lost}`,
        },
      );
      flush();
      expect(transport.broken).to.deep.equal([100, 1001]);
    }),
  );

  it(
    'asks for a token for each connection, and tries again when nobody gives one',
    marbles(({ cold, expectObservable, flush }) => {
      const transport = scriptedTransport(cold('-(x|)', script), cold('-o', script));
      const tokens = [
        of('first'),
        throwError(() => new Error('no key')),
        of('read from a file\n'),
        EMPTY,
        cold('10ms t', { t: 'second' }),
      ];
      const token = () => tokens.shift() ?? NEVER;
      expectObservable(client$({ transport, token }), '^ 6s !').toBe(
        'cx 374ms (ck) 559ms (cl) 840ms (ce) 1262ms c 10ms o',
        {
          ...words,
          x: 'waiting 375 after 1006 gone',
          k: 'waiting 563 after 1006 no token: no key',
          l: `waiting 844 after 1006 no token: token is empty, or has a space, a line end or what else no token has: trim what a file says`,
          e: 'waiting 1266 after 1006 no token: nobody gave one',
        },
      );
      flush();
      expect(transport.calls.map((call) => call.token)).to.deep.equal(['first', 'second']);
    }),
  );

  it(
    'tells of what a coordinator says besides, and goes on',
    marbles(({ cold, expectObservable }) => {
      const warning = errs('you do not share a tunnel with "b0b"');
      const odd = says(update(bob, 'LOST'), update(bob, 'DISCONNECTED'), {
        ...update(bob, 'NODE', 2),
        kind: PeerUpdateKind.UNRECOGNIZED,
      });
      const transport = scriptedTransport(cold('-owu', { ...script, w: warning, u: odd }));
      const said$ = tailnetClient$({ id: alice, node$: of({}), transport }).pipe(
        map(
          ({ response, peers }) =>
            `${response ? `${String(response.peerUpdates.length)} ${response.error}` : ''} ${String(peers.size)}`,
        ),
      );
      expectObservable(said$).toBe('ccwu', { c: ' 0', w: '0 you do not share a tunnel with "b0b" 0', u: '3  0' });
    }),
  );

  it(
    'remembers that a peer is ready whose node has not come yet',
    marbles(({ cold, expectObservable }) => {
      const transport = scriptedTransport(cold('-orbdb', script));
      expectObservable(client$({ transport })).toBe('coobdn', {
        ...words,
        b: 'connected; bob derp 2 ready; bob node (new)',
        d: 'connected; ; bob disconnected (disconnected)',
        n: words.b,
      });
    }),
  );

  it(
    'says who is in use when it is told who is',
    marbles(({ cold, flush }) => {
      const ids = Array.from({ length: 1025 }, () => carol);
      const transport = scriptedTransport(cold('-obb', script));
      const readyForHandshake = cold('10ms i 9ms m', { i: [bob], m: ids });
      client$({ transport, readyForHandshake }).subscribe();
      flush();
      expect(transport.sent.slice(0, 2)).to.deep.equal(['1 derp 7', '10 ready for bob']);
      expect(transport.sent.slice(2).map((word) => word.split(',').length)).to.deep.equal([1024, 1]);
    }),
  );

  for (const [who, options] of Object.entries({
    'a client, which may not': { role: 'client' },
    'one that does not want to': { readyForHandshake: false },
  } as const)) {
    it(
      `says nothing of the kind as ${who}`,
      marbles(({ cold, flush }) => {
        const transport = scriptedTransport(cold('-ob', script));
        client$({ transport, ...options }).subscribe();
        flush();
        expect(transport.sent).to.deep.equal(['1 derp 7']);
      }),
    );
  }

  it(
    'errs as its inputs do, and breaks the connection',
    marbles(({ cold, expectObservable, flush }) => {
      const failing = ['node$', 'tunnels$', 'goodbye$', 'reconnect$', 'readyForHandshake'] as const;
      const transport = scriptedTransport(cold('-o', script));
      for (const name of failing) {
        const options = { transport, [name]: cold<never>('50ms #') };
        expectObservable(client$(options)).toBe('co 48ms #', words);
      }
      const bad$ = cold('50ms t', { t: ['bob'] });
      expectObservable(client$({ transport, tunnels$: bad$ })).toBe(
        'co 48ms #',
        words,
        new TypeError('tunnels$: "bob" is no UUID'),
      );
      expectObservable(client$({ transport, readyForHandshake: bad$ })).toBe(
        'co 48ms #',
        words,
        new TypeError('readyForHandshake: "bob" is no UUID'),
      );
      flush();
      expect(transport.broken).to.deep.equal(failing.map(() => 50).concat(50, 50));
    }),
  );

  it(
    'takes what happens within `next` of its subscriber after that',
    marbles(({ cold, flush }) => {
      const transport = scriptedTransport(cold('-ob', script));
      const reconnect = new Subject<void>();
      const order: string[] = [];
      client$({ transport, reconnect$: reconnect }).subscribe((state) => {
        order.push(`> ${state.slice(0, 9)}`);
        if (state === words.b && transport.calls.length === 1) reconnect.next();
        order.push('<');
      });
      flush();
      expect(order.slice(4, 10)).to.deep.equal(
        ['> connected', '<', '> waiting 0', '<', '> connectin', '<'].map((w) => w.slice(0, 11)),
      );
    }),
  );

  it(
    'hands over one state after the other, also where its subscriber makes the next one',
    marbles(({ cold, flush }) => {
      const transport = scriptedTransport(cold('-ob(x|)', script), NEVER);
      const tunnels$ = new BehaviorSubject([bob]);
      const order: string[] = [];
      client$({ transport, tunnels$ }).subscribe((state) => {
        order.push('>');
        if (state.endsWith('(own connection lost)')) tunnels$.next([]);
        order.push('<');
      });
      flush();
      expect(order.join('')).to.equal('><'.repeat(6));
    }),
  );

  it(
    'takes back no tunnel that was removed long before the connection broke',
    marbles(({ cold, hot, expectObservable, flush }) => {
      const transport = scriptedTransport(cold('-o 2m (x|)', script), cold('-o', script));
      const tunnels$ = hot('a 10s b', { a: [bob, carol], b: [carol] });
      expectObservable(client$({ transport, tunnels$ }).pipe(ignoreElements()), '^ 3m !').toBe('-');
      flush();
      expect(transport.sent.map((word) => word.split(' ')[1]).join(' ')).to.equal('derp +bob +carol -bob derp +carol');
    }),
  );

  it(
    'drops who left while it was away as soon as the tunnel is removed, for no coordinator will say that it is gone',
    marbles(({ cold, hot, createCoordinator, expectObservable }) => {
      const coordinator = createCoordinator();
      coordinator
        .coordinate$(bob, cold('n 1s d', { n: requests.updateSelf({ preferredDerp: 2 }), d: requests.disconnect() }))
        .subscribe();
      const real = coordinatorTransport(coordinator);
      // Away from 500 ms to two seconds.
      let calls = 0;
      const transport: Transport = {
        ...real,
        connect$: (call) =>
          ++calls === 1
            ? concat(real.connect$(call).pipe(takeUntil(timer(500, call.scheduler))), of(closes(1006, 'gone')))
            : timer(1500 - 375, call.scheduler).pipe(switchMap(() => real.connect$(call))),
      };
      const tunnels$ = hot('t 2999ms u', { t: [bob], u: [] });
      const words$ = client$({ transport, tunnels$ }).pipe(filter((word) => /bob \w+ \(/.test(word)));
      expectObservable(words$.pipe(map((word) => word.replace(/.*; /, ''))), '^ 5s !').toBe('n 499ms l 2499ms d', {
        n: 'bob node (new)',
        l: 'bob lost (own connection lost)',
        d: 'bob disconnected (tunnel removed)',
      });
    }),
  );

  it(
    'drops whose tunnel was removed when the connection breaks before that is answered',
    marbles(({ cold, hot, expectObservable }) => {
      const transport = scriptedTransport(cold('-obd 2m b 2s (x|)', { ...script, d: says() }), cold('-o', script));
      const tunnels$ = hot('t 121999ms u', { t: [bob], u: [] });
      const changes$ = tailnetClient$({
        ...{ id: alice, node$: of({}), transport, tunnels$, random: () => 0.5 },
      }).pipe(
        filter(({ changes, connection }) => changes.length > 0 && connection.kind === 'waiting'),
        map((state) => describeState(state).replace(/^[^;]*; /, '')),
      );
      expectObservable(changes$, '^ 4m !').toBe('122005ms (lw)', {
        l: 'bob derp 2 lost since 122005; bob lost (own connection lost)',
        w: '; bob disconnected (tunnel removed)',
      });
    }),
  );

  it(
    'waits longer each time for a coordinator that names a peer, and closes at once',
    marbles(({ cold, flush }) => {
      const transport = scriptedTransport(cold('ob(x|)', script));
      const waits: number[] = [];
      tailnetClient$({ ...{ id: alice, node$: of({}), transport, random: () => 0.5 } })
        .pipe(takeUntil(timer(60_000)))
        .subscribe(({ connection }) => {
          if (connection.kind === 'waiting') waits.push(connection.retryIn);
        });
      flush();
      expect(waits.slice(0, 4)).to.deep.equal([375, 563, 844, 1266]);
      expect(waits.at(-1)).to.equal(7500);
    }),
  );

  it(
    'errs when somebody says that a handshake was at no time at all',
    marbles(({ cold, expectObservable }) => {
      const transport = scriptedTransport(cold('-ob(x|)', script), NEVER);
      const lastHandshake = () => of(NaN);
      const failed$ = client$({ transport, lostGrace: 50, lastHandshake }).pipe(ignoreElements());
      expectObservable(failed$).toBe('53ms #', {}, new RangeError('lastHandshake: NaN is no time in milliseconds'));
    }),
  );

  it(
    'keeps a peer for a month when it is told so, with timers that are not too long for Node.js',
    marbles(({ cold, scheduler, flush }) => {
      const month = 30 * 86_400_000;
      const waits: number[] = [];
      const recording: SchedulerLike = {
        now: () => scheduler.now(),
        schedule: <T>(work: (this: SchedulerAction<T>, state?: T) => void, wait?: number, state?: T) => {
          waits.push(wait ?? 0);
          return scheduler.schedule(work, wait, state);
        },
      };
      const transport = scriptedTransport(cold('-obl', script));
      const seen: (readonly [number, string])[] = [];
      client$({ transport, lostGrace: month, scheduler: recording }).subscribe((state) =>
        seen.push([scheduler.now(), state]),
      );
      flush();
      expect(Math.max(...waits)).to.equal(2 ** 31 - 1);
      expect(seen.at(-1)).to.deep.equal([month + 3, 'connected; ; bob expired (lost for too long)']);
    }),
  );

  it(
    'drops nobody who came back while it was asked when they were heard of',
    marbles(({ cold, expectObservable }) => {
      const transport = scriptedTransport(cold('-obl 101ms bl', script));
      const lastHandshake = () => timer(10).pipe(map(() => undefined));
      expectObservable(client$({ transport, lostGrace: 100, lastHandshake }), '^ 170ms !').toBe('cobl 101ms bm', {
        ...words,
        l: 'connected; bob derp 2 lost since 3; bob lost (lost)',
        m: 'connected; bob derp 2 lost since 106; bob lost (lost)',
      });
    }),
  );

  it(
    'sees a real coordinator go and another come, in virtual time',
    marbles(({ cold, createCoordinator, expectObservable }) => {
      const north = createCoordinator({ close$: cold('3s x') });
      const south = createCoordinator();
      const bobs$ = cold('1s n', { n: requests.updateSelf({ preferredDerp: 2 }) });
      south.coordinate$(bob, concat(bobs$, NEVER)).subscribe();
      let connections = 0;
      const transport = coordinatorTransport({
        coordinate$: (...call) => (connections++ === 0 ? north : south).coordinate$(...call),
      });
      expectObservable(client$({ transport, tunnels$: of([bob]), goodbye$: cold('5s g') })).toBe(
        '(co) 996ms b 1999ms (ew) 371ms (vpn) 1620ms (z|)',
        {
          ...words,
          e: 'connected; bob derp 2',
          w: 'waiting 375 after 1001 coordinator closed; bob derp 2 lost since 3000; bob lost (own connection lost)',
          v: 'connecting; bob derp 2 lost since 3000',
          p: 'connected; bob derp 2 lost since 3000',
          n: words.b,
          z: 'closed 1000; ; bob disconnected (goodbye)',
        },
      );
    }),
  );

  describe('gives up', () => {
    const refusals: Record<string, [TransportEvent, string]> = {
      'a request that was refused': [
        closes(1008, 'authorization: no'),
        'the coordinator refuses this peer: 1008 authorization: no',
      ],
      'another peer with its id': [
        closes(4409, 'peer ID overwritten by new connection'),
        'another peer has connected with this id: 4409 peer ID overwritten by new connection',
      ],
      'an answer that says so': [
        closes(1006, 'HTTP 401 token expired', 401),
        'the coordinator refuses this peer: HTTP 401 token expired',
      ],
      'the end of its only token': [
        closes(1008, 'token expired'),
        'the coordinator refuses this peer: 1008 token expired',
      ],
    };
    for (const [what, [end, message]] of Object.entries(refusals)) {
      it(
        `after ${what}: all are lost, and then it errors`,
        marbles(({ cold, expectObservable }) => {
          const transport = scriptedTransport(cold('-ob(x|)', { ...script, x: end }));
          if (end.kind !== 'closed') throw new Error('no end');
          const { code, reason } = end;
          const error = new TailnetClientError(end);
          expect(error.message).to.equal(message);
          expectObservable(client$({ transport, token: 'once' })).toBe(
            'cob(x#)',
            {
              ...words,
              x: `closed ${String(code)} ${reason}; bob derp 2 lost since 3; bob lost (own connection lost)`,
            },
            error,
          );
        }),
      );
    }

    const passing: Record<string, TransportEvent> = {
      'the coordinator closes': closes(1001, 'coordinator closed'),
      'it is unhealthy': closes(1013, 'coordinator unhealthy'),
      'the network fails': closes(1006, 'ECONNRESET'),
      'there is a defect': closes(1011, 'internal coordinator error'),
      'it is full': closes(1006, 'HTTP 503 too many', 503),
      'it is slow': closes(1006, 'HTTP 408', 408),
      'somebody in between closes': closes(1000),
      'its token has expired, of which there will be another': closes(1008, 'token expired'),
    };
    for (const [what, end] of Object.entries(passing)) {
      it(
        `not when ${what}`,
        marbles(({ cold, flush }) => {
          const transport = scriptedTransport(cold('-o(x|)', { ...script, x: end }), NEVER);
          client$({ transport, token: () => ['anew'] }).subscribe();
          flush();
          expect(transport.calls).to.have.length(2);
        }),
      );
    }
  });
});
