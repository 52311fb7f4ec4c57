import { map } from 'rxjs';
import type { Beat } from '../../src/streams/heartbeats.js';
import { trouble$ } from '../../src/streams/trouble.js';
import { marbles } from '../../src/testing/index.js';

const beats: Readonly<Record<string, Beat>> = {
  w: { kind: 'written', result: { created: false, hasBindings: false, hasTunnels: false } },
  f: { kind: 'failed', error: 'down' },
};

describe('trouble$', () => {
  const cases = [
    ['is silent while heartbeats are written', 'w-w-w', '-----'],
    ['is each failed heartbeat, and the first that is written after one', 'w-f-f-w-w', '--f-f-w--'],
    ['begins with the first heartbeat, if that fails', 'f-w-w-f', 'f-w---f'],
  ] as const;
  for (const [what, given, expected] of cases) {
    it(
      what,
      marbles(({ hot, expectObservable }) => {
        const kinds = { w: 'written', f: 'failed' };
        expectObservable(trouble$(hot(given, beats)).pipe(map(({ kind }) => kind))).toBe(expected, kinds);
      }),
    );
  }
});
