import { pino } from 'pino';
import { EMPTY, Subject } from 'rxjs';
import { type Bus, type BusEvent, channels } from 'tailnet-coordinator';
import { type Hint, hints$ } from '../../dist/streams/hints.js';
import { manyOperations, manyTimes } from './manyTimes.js';
import type { MicroBenchmark, MicroBenchmarks } from './microBenchmark.js';

/** Notifications on one channel of a bus in memory, until they are hints. */
const hearing = (
  channel: string,
  kind: Hint['kind'],
  payloadOf: (id: string, other: string) => string,
): Omit<MicroBenchmark, 'operation'> => ({
  operations: manyOperations,
  prepare: ({ ids }) => {
    const events$ = new Subject<BusEvent>();
    const bus: Bus = { listen$: (listened) => (listened === channel ? events$ : EMPTY), publish: () => EMPTY };
    let last: Hint | undefined;
    // Ends with the process, as the one of a coordinator does.
    hints$(bus, pino({ level: 'silent' })).subscribe((hint) => (last = hint));
    const payloads = ids.map((id, index) => payloadOf(id, ids.at(index - 1) ?? id));
    return manyTimes(payloads, (payload) => {
      last = undefined;
      events$.next({ kind: 'message', payload });
      return (last as Hint | undefined)?.kind === kind;
    });
  },
});

export const hints: MicroBenchmarks = {
  'hints/peer': {
    operation: 'a notification that a peer changed, until it is a hint of `hints$`',
    ...hearing(channels.peer, 'peer', (id) => id),
  },
  'hints/tunnel': {
    operation: 'a notification that a tunnel changed, which has two ids',
    ...hearing(channels.tunnel, 'tunnel', (id, other) => `${id},${other}`),
  },
};
