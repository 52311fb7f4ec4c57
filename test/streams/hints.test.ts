import { expect } from 'chai';
import { type Observable, NEVER, map } from 'rxjs';
import { type Bus, type BusEvent, anything, channels } from '../../src/db/bus.js';
import { type Hint, concernsCoordinators, hints$ } from '../../src/streams/hints.js';
import { alice, bob, marbles, north } from '../../src/testing/index.js';
import { logbook } from './support/logbook.js';

const g: BusEvent = { kind: 'gap' };
const message = (payload: string, sender = 7): BusEvent => ({ kind: 'message', payload, sender });

/** A hint as it is before it is opened. */
const withoutRows = (hint: Hint): unknown => {
  if (hint.kind !== 'binding') return hint;
  const { kind, sender } = hint;
  return { kind, sender, peerIds: hint.hint.peerIds };
};

/** A bus on which this is heard; nothing on the other channels. */
const hearing = (heard: Partial<Record<keyof typeof channels, Observable<BusEvent>>>): Bus => ({
  listen$: (channel) => {
    const [name] = Object.entries(channels).find(([, value]) => value === channel) ?? [];
    return heard[name as keyof typeof channels] ?? NEVER;
  },
  publish: () => NEVER,
});

describe('concernsCoordinators', () => {
  it('holds of heartbeats and gaps, and of nothing that is said of peers', () => {
    const hints: readonly Hint[] = [
      ...([{ kind: 'heartbeat', coordinatorId: north }, { kind: 'gap' }, { kind: 'peer', peerId: alice }] as const),
      ...([
        { kind: 'tunnel', src: alice, dst: bob },
        { kind: 'ready', to: alice, from: bob },
      ] as const),
    ];
    expect(hints.filter(concernsCoordinators).map(({ kind }) => kind)).to.deep.equal(['heartbeat', 'gap']);
  });
});

describe('hints$', () => {
  it(
    'believes no rows where the bus cannot say who sent them, or that they were sealed',
    marbles(({ cold, expectObservable, flush }) => {
      const { logger, lines } = logbook();
      const payload = `1,${alice}`;
      const sealed = () => Uint8Array.of();
      const binding = cold('ab', {
        a: { kind: 'message', payload, sealed },
        b: { kind: 'message', payload, sender: 7 },
      } as const);
      expectObservable(hints$(hearing({ binding }), logger)).toBe('-');
      flush();
      expect(lines).to.have.length(2);
    }),
  );

  it(
    'says what is heard on each channel',
    marbles(({ cold, expectObservable }) => {
      const bus = hearing({
        heartbeat: cold('        -a', { a: message(north) }),
        peer: cold('             --a', { a: message(alice) }),
        tunnel: cold('           ---a', { a: message(`${alice},${bob}`) }),
        readyForHandshake: cold('----a', { a: message(`${alice},${bob}`) }),
        binding: cold('          -----a', { a: { ...message(`1,${alice},${bob}`, 8), sealed: () => undefined } }),
      });
      expectObservable(hints$(bus, logbook().logger).pipe(map(withoutRows))).toBe('-hptrb', {
        h: { kind: 'heartbeat', coordinatorId: north },
        p: { kind: 'peer', peerId: alice, sender: 7 },
        t: { kind: 'tunnel', src: alice, dst: bob, sender: 7 },
        r: { kind: 'ready', to: alice, from: bob },
        b: { kind: 'binding', sender: 8, peerIds: [alice, bob] },
      });
    }),
  );

  it(
    'says the first gap only when all channels are listened on, and then every one',
    marbles(({ cold, expectObservable }) => {
      const bus = hearing({
        heartbeat: cold('        g---------', { g }),
        peer: cold('             -g----g---', { g }),
        tunnel: cold('           --g-g-----', { g }),
        readyForHandshake: cold('------g---', { g }),
        binding: cold('          --------g-g', { g }),
      });
      expectObservable(hints$(bus, logbook().logger)).toBe('--------g-g', { g: { kind: 'gap' } });
    }),
  );

  it(
    'takes it for a gap that anything may have changed, once all channels are listened on',
    marbles(({ cold, expectObservable }) => {
      const bus = hearing({
        heartbeat: cold('        g-----', { g }),
        peer: cold('             g--*--', { g, '*': message(anything) }),
        tunnel: cold('           g*---*', { g, '*': message(anything) }),
        readyForHandshake: cold('--g---', { g }),
        binding: cold('          g-----', { g }),
      });
      expectObservable(hints$(bus, logbook().logger)).toBe('--gg-g', { g: { kind: 'gap' } });
    }),
  );

  it(
    'waits for all channels anew each time it is subscribed to',
    marbles(({ cold, expectObservable }) => {
      const bus = hearing({
        heartbeat: cold('        g', { g }),
        peer: cold('             g', { g }),
        tunnel: cold('           g', { g }),
        readyForHandshake: cold('--g', { g }),
        binding: cold('          g--', { g }),
      });
      const heard$ = hints$(bus, logbook().logger);
      expectObservable(heard$).toBe('          --g', { g: { kind: 'gap' } });
      expectObservable(heard$, '----^').toBe('------g', { g: { kind: 'gap' } });
    }),
  );

  it(
    'drops what does not read as it should, says so, and goes on',
    marbles(({ cold, scheduler, expectObservable }) => {
      const book = logbook();
      const sealed = () => undefined;
      const rows = (payload: string): BusEvent => ({ kind: 'message', payload, sender: 7, sealed });
      const bus = hearing({
        peer: cold('  abcdef-x', {
          a: message(''),
          b: message('alice'),
          c: message(`${alice},`),
          d: message(`${alice},${bob}`),
          e: message(` ${alice}`),
          f: message('x'.repeat(7000)),
          x: message(alice),
        }),
        tunnel: cold('abcde---y', {
          a: message(''),
          b: message(alice),
          c: message(`${alice},`),
          d: message(`${alice},${bob},${bob}`),
          e: message(`${alice} ${bob}`),
          y: message(`${bob},${alice}`),
        }),
        binding: cold('abcde----z', {
          a: rows(''),
          b: rows('1'),
          c: rows(alice),
          d: rows(`1,${alice},`),
          e: message(`1,${alice}`),
          z: rows(`1,${alice}`),
        }),
      });
      expectObservable(hints$(bus, book.logger).pipe(map(withoutRows))).toBe('-------xyz', {
        z: { kind: 'binding', sender: 7, peerIds: [alice] },
        x: { kind: 'peer', peerId: alice, sender: 7 },
        y: { kind: 'tunnel', src: bob, dst: alice, sender: 7 },
      });
      scheduler.schedule(() => {
        expect(book.lines).to.deep.equal(Array.from({ length: 16 }, () => 'error notification not understood'));
        expect(book.entries[0]).to.include({ channel: channels.peer, expected: 'a UUID', payload: '' });
        expect(book.entries[1]).to.include({ expected: 'two UUIDs separated by a comma' });
        const payloads = book.entries.map(({ payload }) => String(payload).length);
        expect(Math.max(...payloads)).to.equal(100);
      }, 20);
    }),
  );

  it(
    'reads ids in upper case as the same',
    marbles(({ cold, expectObservable }) => {
      const bus = hearing({ peer: cold('a', { a: message(alice.toUpperCase()) }) });
      expectObservable(hints$(bus, logbook().logger)).toBe('a', { a: { kind: 'peer', peerId: alice, sender: 7 } });
    }),
  );

  it(
    'fails when the bus can no longer listen, and lets go of all channels',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const peer$ = cold<BusEvent>('-----', { g });
      const tunnel$ = cold<BusEvent>('---#', {}, new Error('for ever'));
      expectObservable(hints$(hearing({ peer: peer$, tunnel: tunnel$ }), logbook().logger)).toBe(
        '---#',
        {},
        new Error('for ever'),
      );
      expectSubscriptions(peer$.subscriptions).toBe('^--!');
    }),
  );
});
