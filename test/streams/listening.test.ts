import { expect } from 'chai';
import { defer } from 'rxjs';
import { StoreError } from '../../src/db/store.js';
import type { Beat } from '../../src/streams/heartbeats.js';
import type { CoordinatorHint } from '../../src/streams/hints.js';
import { listeningAnew, withOwnHeartbeatHeard } from '../../src/streams/listening.js';
import { marbles, north, south } from '../../src/testing/index.js';

const hints: Record<string, CoordinatorHint> = {
  g: { kind: 'gap' },
  n: { kind: 'heartbeat', coordinatorId: north },
  s: { kind: 'heartbeat', coordinatorId: south },
};
const beats: Record<string, Beat> = {
  w: { kind: 'written', result: { created: false, hasBindings: false, hasTunnels: false } },
  f: { kind: 'failed', error: new Error('away') },
};
const deaf = new StoreError('unavailable', 'own heartbeats are not heard');
const gone = new Error('the bus is gone');

/** Heartbeats, hints, what is passed on, and for how long it listens; a heartbeat must be heard within 100 ms. */
const listening = (drawn: { beats: string; hints: string; expected: string; listens: string }) =>
  marbles(({ scheduler, hot, cold, expectObservable, expectSubscriptions }) => {
    const beats$ = hot(drawn.beats, beats);
    const hints$ = cold(drawn.hints, hints, gone);
    const passed$ = hints$.pipe(withOwnHeartbeatHeard({ coordinatorId: north, beats$, limit: 100, scheduler }));
    const error = drawn.hints.includes('#') ? gone : deaf;
    expectObservable(passed$, '^ 499ms !').toBe(drawn.expected, hints, error);
    expectSubscriptions(hints$.subscriptions).toBe(drawn.listens);
    expectSubscriptions(beats$.subscriptions).toBe(drawn.listens);
  });

describe('withOwnHeartbeatHeard', () => {
  it(
    'passes everything on while the own heartbeats are heard',
    listening({
      beats: '   -w 79ms w 79ms w',
      hints: '   g-n---s 76ms n 79ms n 79ms s',
      expected: 'g-n---s 76ms n 79ms n 79ms s',
      listens: ' ^ 499ms !',
    }),
  );

  it(
    'fails when a written heartbeat is not heard in time',
    listening({ beats: '--w', hints: 'gn--s', expected: 'gn--s 97ms #', listens: '^ 101ms !' }),
  );

  it(
    'counts from the first heartbeat that is not heard, however many are written after it',
    listening({ beats: 'w 39ms w 39ms w 39ms w', hints: 'g', expected: 'g 99ms #', listens: '^ 99ms !' }),
  );

  it(
    'takes a later heartbeat for an earlier one, and starts to wait anew with the next that is written',
    listening({
      beats: '   w 89ms w 89ms w',
      hints: '   99ms n 98ms n',
      expected: '99ms n 98ms n',
      listens: ' ^ 499ms !',
    }),
  );

  it(
    'expects nothing of heartbeats that failed',
    listening({ beats: 'f 99ms f 99ms f', hints: 'g', expected: 'g', listens: '^ 499ms !' }),
  );

  it('fails when the bus does', listening({ beats: '-', hints: '-g-#', expected: '-g-#', listens: '^--!' }));
});

describe('listeningAnew', () => {
  it(
    'listens anew after each failure, and says when it is deaf and when it no longer is, once each',
    marbles(({ scheduler, cold, expectObservable, flush }) => {
      const lines: string[] = [];
      const note = (...said: readonly unknown[]): void => {
        const [{ err }, line] = said.length > 1 ? (said as [{ err: Error }, string]) : [{ err: undefined }, said[0]];
        lines.push(`${String(scheduler.now())} ${String(line)}${err === undefined ? '' : `: ${err.message}`}`);
      };
      const logger = { info: note, warn: note };
      // The second time it is deaf from the beginning.
      // The third time a heartbeat is heard before all channels are.
      const turns = ['g-s-#', '--#', 's-g-s-#', 'g'];
      const hints$ = defer(() => cold(turns.shift() ?? '', hints, gone));
      const backoff = { initial: 10, max: 10, random: () => 0.5, scheduler };
      expectObservable(hints$.pipe(listeningAnew(backoff, logger)), '^ 99ms !').toBe('g-s 23ms s-g-s 11ms g', hints);
      flush();
      expect(lines).to.deep.equal([
        '4 not listening; will listen anew: the bus is gone',
        '16 not listening; will listen anew: the bus is gone',
        '28 listening again',
        '32 not listening; will listen anew: the bus is gone',
        '42 listening again',
      ]);
    }),
  );
});
