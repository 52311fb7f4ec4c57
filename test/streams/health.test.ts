import { expect } from 'chai';
import type { HeartbeatResult } from '../../src/db/store.js';
import { nextPulse, pulse, vitality$ } from '../../src/streams/health.js';
import type { Beat } from '../../src/streams/heartbeats.js';
import { marbles } from '../../src/testing/index.js';

const result: HeartbeatResult = { created: false, hasBindings: true, hasTunnels: true };
/** A beat that was written, and one that failed. */
const beats: Record<'w' | 'f', Beat> = { w: { kind: 'written', result }, f: { kind: 'failed', error: 'why' } };

const states = { s: 'starting', h: 'healthy', u: 'unhealthy' } as const;

describe('nextPulse', () => {
  const cases = [
    // failures, pulse, beat: failures, pulse. Three failures make unhealthy.
    [0, 'unknown', 'written', 0, 'healthy'],
    [0, 'unknown', 'failed', 1, 'unknown'],
    [1, 'unknown', 'failed', 2, 'unknown'],
    [2, 'unknown', 'failed', 3, 'unhealthy'],
    [2, 'unknown', 'written', 0, 'healthy'],
    [0, 'healthy', 'written', 0, 'healthy'],
    [0, 'healthy', 'failed', 1, 'healthy'],
    [1, 'healthy', 'failed', 2, 'healthy'],
    [2, 'healthy', 'failed', 3, 'unhealthy'],
    [2, 'healthy', 'written', 0, 'healthy'],
    [3, 'unhealthy', 'failed', 4, 'unhealthy'],
    [4, 'unhealthy', 'failed', 5, 'unhealthy'],
    [7, 'unhealthy', 'written', 0, 'healthy'],
  ] as const;
  for (const [failures, before, beat, failuresAfter, after] of cases) {
    it(`says ${after} when a beat is ${beat} after ${String(failures)} failures, having been ${before}`, () => {
      expect(nextPulse({ failures, pulse: before }, beat, 3)).to.deep.equal({ failures: failuresAfter, pulse: after });
    });
  }

  it('is unhealthy with the first failure where one is the limit', () => {
    expect(nextPulse({ failures: 0, pulse: 'healthy' }, 'failed', 1).pulse).to.equal('unhealthy');
  });
});

describe('pulse', () => {
  it(
    'says what changes: healthy after one success, unhealthy after so many failures in a row',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const beats$ = hot(' -w-w-f-f-w-f-f-f-f-w-|', beats);
      const subs = '       ^--------------------!';
      const expected = '   -h-------------u---h-|';

      expectObservable(beats$.pipe(pulse(3))).toBe(expected, states);
      expectSubscriptions(beats$.subscriptions).toBe(subs);
    }),
  );
});

describe('pulse before the first success', () => {
  it(
    'is unknown, until so many failures say that it is none',
    marbles(({ hot, expectObservable }) => {
      const beats$ = hot(' -f-f-f-', beats);
      const expected = '   -?---u-';

      expectObservable(beats$.pipe(pulse(3))).toBe(expected, { ...states, '?': 'unknown' });
    }),
  );
});

describe('vitality$', () => {
  it(
    'is healthy once heartbeats are written and notifications are heard',
    marbles(({ hot, expectObservable, expectSubscriptions }) => {
      const beats$ = hot('    --w--w--w-', beats);
      const listening$ = hot('-----l----');
      const subs = '          ^--------!';
      const unsub = '         ---------!';
      const expected = '      --s--h----';

      expectObservable(vitality$(beats$, listening$, 3), unsub).toBe(expected, states);
      expectSubscriptions(beats$.subscriptions).toBe(subs);
      expectSubscriptions(listening$.subscriptions).toBe(subs);
    }),
  );

  it(
    'is starting while notifications are heard and no heartbeat is written yet',
    marbles(({ hot, expectObservable }) => {
      const beats$ = hot('    --f--w--', beats);
      const listening$ = hot('l-------');
      const expected = '      --s--h--';

      expectObservable(vitality$(beats$, listening$, 3)).toBe(expected, states);
    }),
  );

  it(
    'is unhealthy when heartbeats say so, whether notifications are heard or not',
    marbles(({ hot, expectObservable }) => {
      const beats$ = hot('    -f-f-f---w--f-f-f-w', beats);
      const never$ = hot('    -------------------');
      const later$ = hot('    -----------l-------');
      const deaf = '          -s---u---s------u-s';
      const hearing = '       -s---u---s-h----u-h';

      expectObservable(vitality$(beats$, never$, 3)).toBe(deaf, states);
      expectObservable(vitality$(beats$, later$, 3)).toBe(hearing, states);
    }),
  );

  it(
    'takes a further gap for what it is: it has begun to hear once and for all',
    marbles(({ hot, expectObservable }) => {
      const beats$ = hot('    -w--w--w', beats);
      const listening$ = hot('--l--l--');
      const expected = '      -sh-----';

      expectObservable(vitality$(beats$, listening$, 3)).toBe(expected, states);
    }),
  );
});
