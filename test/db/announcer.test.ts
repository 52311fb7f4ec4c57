import { expect } from 'chai';
import type { Observable } from 'rxjs';
import { EMPTY, NEVER, Subject, defer, of, throwError } from 'rxjs';
import { announcingOn, type Announcement } from '../../src/db/announcer.js';
import { anything, channels } from '../../src/db/bus.js';
import { StoreError, type StoreErrorReason } from '../../src/db/store.js';
import { marbles } from '../../src/testing/index.js';

const peer = (...payloads: string[]): Announcement => ({ channel: channels.peer, payloads });
const written = (...payloads: string[]) => of({ result: 7, changed: [peer(...payloads)] });
const away = new StoreError('unavailable', 'away');
const failing = (reason: StoreErrorReason) => throwError(() => new StoreError(reason, 'no'));

/** A bus that notes what it takes, and takes nothing while it is away. */
const notingBus = () => {
  const taken: string[] = [];
  const attempts: string[] = [];
  const bus = {
    taken,
    attempts,
    isAway: false,
    publish: (channel: string, payloads: readonly string[]): Observable<never> =>
      defer(() => {
        const text = `${channel === channels.peer ? '' : `${channel} `}${payloads.join(' ')}`;
        attempts.push(text);
        if (bus.isAway) return throwError(() => away);
        taken.push(text);
        return EMPTY;
      }),
  };
  return bus;
};

describe('announcingOn', () => {
  it('publishes after the write, and before its result is told', () => {
    const bus = notingBus();
    const write$ = new Subject<{ result: number; changed: readonly Announcement[] }>();
    const seen: string[] = [];
    announcingOn(bus)
      .after(write$)
      .subscribe((result) => seen.push(`${String(result)} after ${bus.taken.join()}`));
    expect(bus.taken).to.deep.equal([]);
    write$.next({ result: 7, changed: [peer('a', 'b')] });
    expect(seen).to.deep.equal(['7 after a b']);
  });

  it('takes a bus that throws for one that fails, and not for a write that did', () => {
    let published = 0;
    const bus = {
      publish: (): Observable<never> => {
        published += 1;
        throw new Error('a bug');
      },
    };
    const announcer = announcingOn(bus);
    const seen: unknown[] = [];
    announcer
      .after(written('a'))
      .subscribe({ next: (result) => seen.push(result), error: (error) => seen.push(error) });
    expect([published, seen]).to.deep.equal([1, [7]]);
    announcer.close().subscribe({ complete: () => seen.push('closed') });
  });

  it(
    'tells how each attempt ended, when it did, and how much it was about',
    marbles(({ scheduler }) => {
      const bus = notingBus();
      const told: unknown[][] = [];
      let now = 0;
      const telemetry = { now: () => (now += 1), queryEnded: (...args: unknown[]) => void told.push(args) };
      const broken = { publish: () => throwError(() => new Error('a bug')) };
      const announcers = [bus, broken].map((each) => announcingOn(each, { scheduler, telemetry }));
      announcers[0]!.after(written('a', 'b')).subscribe();
      bus.isAway = true;
      announcers[0]!.after(written('c')).subscribe();
      announcers[1]!.after(written('d')).subscribe();
      expect(told).to.deep.equal([
        ['announce', 'ok', 1, 2],
        ['announce', 'unavailable', 1, 1],
        ['announce', 'defect', 1, 1],
      ]);
      for (const announcer of announcers) announcer.close().subscribe();
    }),
  );

  it('writes nothing before it is subscribed to, and does not wait for the bus', () => {
    const results: number[] = [];
    const after$ = announcingOn({ publish: () => NEVER }).after(written('a'));
    after$.subscribe((result) => results.push(result));
    expect(results).to.deep.equal([7]);
  });

  it(
    'publishes again what the bus did not take, each once, until it does',
    marbles(({ scheduler }) => {
      const bus = notingBus();
      bus.isAway = true;
      const announcer = announcingOn(bus, { scheduler, random: () => 0 });
      for (const payload of ['a', 'b', 'a']) announcer.after(written(payload)).subscribe();
      scheduler.schedule(() => (bus.isAway = false), 100);
      scheduler.schedule(() => {
        expect(bus.taken).to.deep.equal(['a b']);
        // Tried with the writes, then after 25, 75 and 175 ms.
        expect(bus.attempts).to.deep.equal(['a', 'b', 'a', 'a b', 'a b', 'a b']);
      }, 200);
    }),
  );

  it(
    'says that anything may have changed, when there is too much to be kept',
    marbles(({ scheduler }) => {
      const bus = notingBus();
      bus.isAway = true;
      const announcer = announcingOn(bus, { scheduler, random: () => 0 });
      announcer.after(written(...Array.from({ length: 10_001 }, (_, index) => String(index)))).subscribe();
      bus.isAway = false;
      scheduler.schedule(() => expect(bus.taken).to.deep.equal([`${channels.tunnel} ${anything}`]), 100);
    }),
  );

  it(
    'publishes what is in doubt at once, and again when the write can no longer be under way',
    marbles(({ scheduler }) => {
      const bus = notingBus();
      const announcer = announcingOn(bus, { scheduler });
      announcer.after(failing('unavailable'), () => [peer('a')]).subscribe({ error: () => undefined });
      announcer
        .after(NEVER, () => [peer('b')])
        .subscribe()
        .unsubscribe();
      expect(bus.taken).to.deep.equal(['a', 'b']);
      scheduler.schedule(() => expect(bus.taken).to.deep.equal(['a', 'b']), 9_999);
      scheduler.schedule(() => expect(bus.taken).to.deep.equal(['a', 'b', 'a', 'b']), 10_001);
    }),
  );

  it('publishes nothing of a write that was refused', () => {
    const bus = notingBus();
    for (const reason of ['refused', 'missing-coordinator'] as const) {
      announcingOn(bus)
        .after(failing(reason), () => [peer('a')])
        .subscribe({ error: () => undefined });
    }
    expect(bus.taken).to.deep.equal([]);
  });

  it('gives up what the bus refuses', () => {
    let attempts = 0;
    const announcer = announcingOn({
      publish: () =>
        defer(() => {
          attempts += 1;
          return failing('refused');
        }),
    });
    announcer.after(written('a')).subscribe();
    let isClosed = false;
    announcer.close().subscribe({ complete: () => (isClosed = true) });
    expect([attempts, isClosed]).to.deep.equal([1, true]);
  });

  it(
    'closes when all is published, or after a second, and publishes nothing after that',
    marbles(({ scheduler, expectObservable }) => {
      const [quick, slow, stuck] = [notingBus(), notingBus(), notingBus()];
      const announcers = [quick, slow, stuck].map((bus) => announcingOn(bus, { scheduler, random: () => 0 }));
      slow.isAway = stuck.isAway = true;
      for (const announcer of announcers) announcer.after(written('a')).subscribe();
      scheduler.schedule(() => (slow.isAway = false), 60);
      const [quickly$, slowly$, never$] = announcers.map((announcer) => announcer.close());
      expectObservable(quickly$!).toBe('|');
      expectObservable(slowly$!).toBe('75ms |');
      expectObservable(never$!).toBe('1s |');
      scheduler.schedule(() => {
        const before = stuck.attempts.length;
        stuck.isAway = false;
        announcers[2]!.after(written('b')).subscribe();
        scheduler.schedule(() => expect(stuck.attempts).to.have.length(before), 20_000);
      }, 1001);
    }),
  );
});
