import type { TestScheduler } from 'rxjs/testing';
import { map } from 'rxjs';
import type { HeartbeatResult, Tunnel, Uuid } from '../../src/db/store.js';
import type { Beat } from '../../src/streams/heartbeats.js';
import { ownRowsDoubts$ } from '../../src/streams/ownRowsDoubts.js';
import { alice, bob, marbles } from '../../src/testing/index.js';

const all: HeartbeatResult = { created: false, hasBindings: true, hasTunnels: true };
const written = (result: Partial<HeartbeatResult> = {}): Beat => ({ kind: 'written', result: { ...all, ...result } });

const beats: Record<string, Beat> = {
  o: written(),
  c: written({ created: true }),
  b: written({ hasBindings: false }),
  t: written({ hasTunnels: false }),
  n: written({ hasBindings: false, hasTunnels: false }),
  f: { kind: 'failed', error: new Error('away') },
};

interface Kept {
  readonly bindings?: readonly (readonly [Uuid, number])[];
  readonly tunnels?: readonly Tunnel[];
}

const options = (
  scheduler: TestScheduler,
  { bindings = [[alice, 1]], tunnels = [{ src: alice, dst: bob }] }: Kept = {},
) => ({
  ...{ scheduler, expiry: 6000 },
  binder: { written: () => bindings },
  tunneler: { wanted: () => tunnels },
});

const doubts = (beatsDrawn: string, gapsDrawn: string, expected: string, kept?: Kept, failedDrawn = '-') =>
  marbles(({ scheduler, hot, expectObservable }) => {
    const doubts$ = ownRowsDoubts$({
      beats$: hot(beatsDrawn, beats),
      gaps$: hot(gapsDrawn),
      failedWrites$: hot(failedDrawn),
      ...options(scheduler, kept),
    });
    expectObservable(doubts$.pipe(map(() => 'd'))).toBe(expected);
  });

describe('ownRowsDoubts$', () => {
  it('has none while heartbeats find what should be there', doubts('c-o-o-f-o', 'g', '-'));

  it('has none about a row that the first heartbeat made', doubts('c-o', 'g', '-'));

  it(
    'doubts when the first heartbeat finds a row from an earlier life, and when nothing can come late of that any more',
    doubts('f-o-o', 'g', '--d 9999ms d'),
  );

  it('doubts when the own row had to be made again', doubts('c-c-o-c', 'g', '--d---d'));

  it('doubts when not one of the bindings is there that should be', doubts('c-b-o', '-', '--d'));

  it('doubts when not one of the tunnels is there that should be', doubts('c-t-o', '-', '--d'));

  it('expects no rows where none should be', doubts('c-n-b-t', '-', '-', { bindings: [], tunnels: [] }));

  it('expects bindings and tunnels each for itself', doubts('c-b-t', '-', '--d', { tunnels: [] }));

  it('doubts after a silence for which others had to give it up', doubts('c 5999ms o', '-', '6s d'));

  it(
    'has none after a shorter silence, however many heartbeats failed in it',
    doubts('c 99ms f 99ms f 5798ms o', '-', '-'),
  );

  it('counts the silence from the last heartbeat that was written', doubts('c 3999ms f 1999ms o 4s o', '-', '6s d'));

  it('doubts ten seconds after a write failed: it may have come late', doubts('-', '-', '10s -d', {}, '-f'));

  it(
    'doubts ten seconds after the last one, too, but no more often',
    doubts('-', '-', '10s -d 9999ms d', {}, '-f 4s fff 5s f'),
  );

  it('doubts at every gap but the first, which only says that it listens', doubts('-', 'g-g-g', '--d-d'));
});
