import { expect } from 'chai';
import { EMPTY, NEVER, type Observable, ReplaySubject, merge } from 'rxjs';
import type { TestScheduler } from 'rxjs/testing';
import { createClosing } from '../../src/streams/closing.js';
import { type Connection, Connections } from '../../src/streams/connections.js';
import { marbles } from '../../src/testing/index.js';

const timeout = 100;

/** A coordinator that closes while some peers are connected, and what of it happened when. */
const setUp = (
  scheduler: TestScheduler,
  {
    close$ = NEVER,
    requests$ = EMPTY,
    peers = ['alice', 'bob'],
  }: {
    close$?: Observable<unknown>;
    requests$?: Observable<{ readonly spread: number }>;
    peers?: readonly string[];
  },
) => {
  const connections = new Connections();
  const happened: string[] = [];
  const say = (what: string) => happened.push(`${String(scheduler.now())} ${what}`);
  for (const id of peers) {
    const connection: Connection = {
      id,
      tell: () => undefined,
      end: () => {
        say(`${id} ends, goes ${closing.goesTogether() ? 'together' : 'alone'}`);
        connections.close(connection);
      },
    };
    connections.open(connection);
  }
  const begun$ = new ReplaySubject<void>(1);
  const closing = createClosing({
    ...{ close$, requests$, begun$, connections, timeout, scheduler },
    onBegin: () => {
      say('begins');
      begun$.next();
    },
    parts: [{ end: () => say('part ends') }],
    logger: {
      info: (fields: unknown, text?: string) => say(`${String(text)} ${JSON.stringify(fields)}`),
      error: (fields: unknown, text?: string) => say(typeof fields === 'string' ? fields : String(text)),
    },
  });
  return { closing, happened };
};

describe('createClosing', () => {
  it(
    'ends the connections, then the parts, and gives what they hold its time',
    marbles(({ scheduler, cold, expectObservable, flush }) => {
      const { closing, happened } = setUp(scheduler, { requests$: cold('10ms r', { r: { spread: 20 } }) });
      expectObservable(merge(closing.timedOut$, closing.drained$)).toBe('20ms d 99ms t', {
        d: undefined,
        t: undefined,
      });
      flush();
      expect(happened).to.deep.equal([
        '10 closing {"connections":2,"spread":20}',
        '10 begins',
        '10 alice ends, goes alone',
        '20 bob ends, goes alone',
        '20 part ends',
        '120 own peers not marked lost in time; others will see it by the silence',
      ]);
      expect(closing.goesTogether()).to.equal(true);
    }),
  );

  it(
    'does what was asked for last, as long as there is somebody left',
    marbles(({ scheduler, cold, expectObservable, flush }) => {
      const requests$ = cold('a 10ms b', { a: { spread: 1000 }, b: { spread: 0 } });
      const { closing, happened } = setUp(scheduler, { requests$ });
      expectObservable(closing.drained$).toBe('11ms (d|)', { d: undefined });
      flush();
      expect(happened.filter((what) => what.includes('ends'))).to.deep.equal([
        '0 alice ends, goes alone',
        '11 bob ends, goes together',
        '11 part ends',
      ]);
    }),
  );

  it(
    'takes longer than was asked for first, if that is asked for',
    marbles(({ scheduler, cold, expectObservable, flush }) => {
      const requests$ = cold('a 4ms b', { a: { spread: 30 }, b: { spread: 1000 } });
      const { closing, happened } = setUp(scheduler, { requests$, peers: ['alice', 'bob', 'carol'] });
      expectObservable(closing.drained$).toBe('505ms (d|)', { d: undefined });
      flush();
      expect(happened.filter((what) => what.includes(' ends, '))).to.deep.equal([
        '0 alice ends, goes alone',
        '5 bob ends, goes alone',
        '505 carol ends, goes alone',
      ]);
    }),
  );

  it(
    'closes, all at once, when what says when to close fails',
    marbles(({ scheduler, cold, expectObservable, flush }) => {
      const { closing, happened } = setUp(scheduler, { close$: cold('5ms #') });
      expectObservable(closing.drained$).toBe('5ms (d|)', { d: undefined });
      flush();
      expect(happened).to.deep.equal([
        '5 close$ failed; closing',
        '5 closing {"connections":2,"spread":0}',
        '5 begins',
        '5 alice ends, goes together',
        '5 bob ends, goes together',
        '5 part ends',
      ]);
    }),
  );

  it(
    'does not begin because somebody waits for the end of its time',
    marbles(({ scheduler, cold, expectObservable, flush }) => {
      const { closing, happened } = setUp(scheduler, { close$: cold('(c|)') });
      expectObservable(closing.timedOut$).toBe('');
      flush();
      expect(happened).to.deep.equal([]);
    }),
  );
});
