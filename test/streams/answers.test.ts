import { expect } from 'chai';
import { NEVER, Subject, ignoreElements, map, of, throwError, timer } from 'rxjs';
import { type Auth, AuthorizationError } from '../../src/auth/auth.js';
import { CoordinateRequest } from '../../src/proto/gen/tailnet.js';
import { requests } from '../../src/proto/requests.js';
import { errorResponse } from '../../src/proto/responses.js';
import type { ParsedRequest } from '../../src/proto/validate.js';
import { type Outcome, answers } from '../../src/streams/answers.js';
import { type MarblesContext, aNode, alice, bob, marbles } from '../../src/testing/index.js';
import { type Logbook, logbook } from './support/logbook.js';

/** An authorisation of somebody who goes without types. */
const asAuth = (auth: (request: CoordinateRequest) => unknown): Auth => auth as Auth;

const drawn: Record<string, CoordinateRequest> = {
  n: requests.updateSelf(aNode({ derp: 1 })),
  t: requests.addTunnel(bob),
  r: requests.removeTunnel(bob),
  d: requests.disconnect(),
};

interface Handling {
  readonly auth?: Auth;
  readonly apply?: (request: ParsedRequest) => Outcome;
  readonly book?: Logbook;
}

const goOn: Outcome = { isLast: false };

/** How these requests are answered: the texts of the errors. */
const answered = (
  { scheduler, hot }: Pick<MarblesContext, 'scheduler' | 'hot'>,
  requestsDrawn: string,
  { auth = () => undefined, apply = ({ disconnect }) => ({ isLast: disconnect }), book = logbook() }: Handling = {},
) => {
  const requests$ = hot(requestsDrawn, drawn);
  return {
    requests$,
    errors$: requests$.pipe(
      answers({ auth, authTimeout: 100, apply, scheduler, logger: book.logger }),
      map(({ error }) => error),
    ),
  };
};

/** The error a request is answered with, how often it was authorised, and what was applied of it. */
const handled = (request: CoordinateRequest | null | undefined, auth: Auth = () => undefined) => {
  const book = logbook();
  const errors: string[] = [];
  const applied: ParsedRequest[] = [];
  let asked = 0;
  let ended = false;
  marbles(({ scheduler }) => {
    // Callers without types may send anything.
    of(request!, drawn['t']!)
      .pipe(
        answers({
          ...{ authTimeout: 100, scheduler, logger: book.logger },
          auth: (given) => {
            asked += 1;
            return auth(given);
          },
          apply: (parsed) => {
            applied.push(parsed);
            return { isLast: parsed.disconnect };
          },
        }),
      )
      .subscribe({ next: ({ error }) => errors.push(error), complete: () => (ended = true) });
  })();
  expect(ended).to.equal(true);
  return { errors, asked, applied, lines: book.lines, entries: book.entries };
};

const withBytes = (part: 'addTunnel' | 'removeTunnel', bytes: number) => ({
  ...CoordinateRequest.fromPartial({}),
  [part]: { id: new Uint8Array(bytes).fill(1) },
});

/** What is wrong, a request with it, and the error. */
type Refused = readonly [what: string, request: CoordinateRequest | null | undefined, error: string];

describe('answers', () => {
  it(
    'applies requests one after the other, and completes after a goodbye',
    marbles((context) => {
      const applied: string[] = [];
      const apply = ({ node, addTunnel, removeTunnel, disconnect }: ParsedRequest): Outcome => {
        applied.push(node ? 'node' : addTunnel ? 'add' : removeTunnel ? 'remove' : 'goodbye');
        return { isLast: disconnect };
      };
      const { requests$, errors$ } = answered(context, '-ntr-d-n', { apply });
      context.expectObservable(errors$).toBe('-----|');
      context.expectSubscriptions(requests$.subscriptions).toBe('^----!');
      context.scheduler.schedule(() => expect(applied).to.deep.equal(['node', 'add', 'remove', 'goodbye']), 20);
    }),
  );

  it(
    'completes when the requests do',
    marbles((context) => context.expectObservable(answered(context, '-n-|').errors$).toBe('---|')),
  );

  it(
    'passes on an answer that does not end the connection, and goes on',
    marbles((context) => {
      const apply = ({ disconnect }: ParsedRequest): Outcome =>
        disconnect ? { isLast: true } : { response: errorResponse('not you'), isLast: false };
      context.expectObservable(answered(context, '-n-n-d', { apply }).errors$).toBe('-x-x-|', { x: 'not you' });
    }),
  );

  const malformed: readonly Refused[] = [
    ['nothing at all', undefined, 'coordinate request is required'],
    ['null', null, 'coordinate request is required'],
    [
      'an update without a node',
      { ...CoordinateRequest.fromPartial({}), updateSelf: { node: undefined } },
      'update_self node is required',
    ],
    [
      'an entry that is none',
      { ...drawn['n']!, readyForHandshake: [null as never] },
      'ready_for_handshake entries must not be nil',
    ],
  ];
  for (const [what, request, error] of malformed) {
    it(`refuses ${what} before it is authorised and before any part takes effect`, () => {
      const { errors, asked, applied, lines, entries } = handled(request);
      expect({ errors, asked, applied }).to.deep.equal({ errors: [error], asked: 0, applied: [] });
      expect(lines).to.deep.equal(['info invalid coordinate request']);
      expect(entries[0]).to.include({ reason: error });
    });
  }

  const misdirected: readonly Refused[] = [
    [
      'to nobody',
      requests.addTunnel('00000000-0000-0000-0000-000000000000'),
      'tunnel destination must not be the nil UUID',
    ],
    [
      'that go to nobody no longer',
      requests.removeTunnel('00000000-0000-0000-0000-000000000000'),
      'tunnel destination must not be the nil UUID',
    ],
    ['to three bytes', withBytes('addTunnel', 3), 'add_tunnel: a peer id has 16 bytes, got 3'],
    ['away from seventeen bytes', withBytes('removeTunnel', 17), 'remove_tunnel: a peer id has 16 bytes, got 17'],
    [
      'as acknowledgements of no bytes',
      { ...drawn['n']!, readyForHandshake: [{ id: new Uint8Array() }] },
      'ready_for_handshake: a peer id has 16 bytes, got 0',
    ],
  ];
  for (const [what, request, error] of misdirected) {
    it(`refuses tunnels ${what}, with all of the request`, () => {
      const { errors, asked, applied, lines } = handled(request);
      expect({ errors, asked, applied }).to.deep.equal({ errors: [error], asked: 1, applied: [] });
      expect(lines).to.deep.equal(['info invalid coordinate request']);
    });
  }

  it('takes an empty request for a request', () => {
    const { errors, applied } = handled(CoordinateRequest.fromPartial({}));
    expect(errors).to.deep.equal([]);
    expect(applied).to.have.lengthOf(2);
  });

  describe('asks the authorisation, and', () => {
    it('tells the peer why it was refused', () => {
      const refusing: Auth = () => {
        throw new AuthorizationError('agents cannot open tunnels');
      };
      const { errors, applied, lines } = handled(drawn['t'], refusing);
      expect(errors).to.deep.equal(['authorization: agents cannot open tunnels']);
      expect(applied).to.deep.equal([]);
      expect(lines).to.deep.equal(['info request not authorised']);
    });

    for (const [what, answer] of [
      ['a failing Observable', throwError(() => new Error('not you'))],
      [
        'a rejected promise that an Observable stands for',
        timer(10).pipe(
          map(() => {
            throw new Error('not you');
          }),
        ),
      ],
      [
        'an AuthorizationError that comes later',
        timer(10).pipe(
          map(() => {
            throw new AuthorizationError('not you');
          }),
        ),
      ],
    ] as const) {
      it(`takes ${what} for a refusal`, () => {
        const { errors, applied } = handled(drawn['t'], () => answer);
        expect(errors).to.deep.equal(['authorization: not you']);
        expect(applied).to.deep.equal([]);
      });
    }

    for (const [what, auth] of [
      [
        'throws something else',
        (): never => {
          throw new Error('password=hunter2');
        },
      ],
      ['fails with a bug', () => throwError(() => new TypeError('password=hunter2'))],
      [
        'fails with a code',
        () => throwError(() => Object.assign(new Error('password=hunter2'), { code: 'ECONNREFUSED' })),
      ],
      ['fails with no error at all', () => throwError(() => 'password=hunter2')],
      // Types forbid both, and not everybody has them.
      ['answers false', asAuth(() => false)],
      ['answers text', asAuth(() => 'no')],
    ] as const) {
      it(`keeps to itself why it ${what}`, () => {
        const { errors, applied, lines } = handled(drawn['t'], auth);
        expect(errors).to.deep.equal(['internal coordinator error']);
        expect(applied).to.deep.equal([]);
        expect(lines).to.deep.equal(['error request failed']);
      });
    }

    it('takes true for nothing, as it does where it comes later', () => {
      expect(
        handled(
          drawn['t'],
          asAuth(() => true),
        ),
      ).to.deep.include({ errors: [] });
    });

    it(
      'takes false for a bug, also where it comes later',
      marbles((context) => {
        const book = logbook();
        const { errors$ } = answered(context, '--n', {
          auth: asAuth(() => context.cold('---(a|)', { a: false })),
          book,
        });
        context.expectObservable(errors$).toBe('-----(x|)', { x: 'internal coordinator error' });
        context.scheduler.schedule(() => expect(book.lines).to.deep.equal(['error request failed']), 10);
      }),
    );

    it(
      'handles the next request only when it has answered, and in order',
      marbles((context) => {
        const applied: string[] = [];
        const waits = [50, 5, 0];
        const auth: Auth = () => timer(waits.shift() ?? 0).pipe(ignoreElements());
        const apply = ({ node, addTunnel, disconnect }: ParsedRequest): Outcome => {
          applied.push(`${node ? 'node' : addTunnel ? 'add' : 'goodbye'} ${String(context.scheduler.now())}`);
          return { isLast: disconnect };
        };
        context.expectObservable(answered(context, '-ntd', { auth, apply }).errors$).toBe('56ms |');
        context.scheduler.schedule(() => expect(applied).to.deep.equal(['node 51', 'add 56', 'goodbye 56']), 100);
      }),
    );

    it(
      'takes no answer in time for a refusal',
      marbles((context) => {
        const { errors$ } = answered(context, '--n', { auth: () => NEVER });
        context.expectObservable(errors$).toBe('102ms (x|)', { x: 'authorization: no answer within 100 ms' });
      }),
    );

    it(
      'waits for the end of the answer, not for what it emits',
      marbles((context) => {
        const auth: Auth = () => context.cold('--a--a', { a: undefined });
        const { errors$ } = answered(context, '--n', { auth });
        context.expectObservable(errors$).toBe('102ms (x|)', { x: 'authorization: no answer within 100 ms' });
      }),
    );

    it('lets nothing take effect when that has ended the connection', () => {
      const requests$ = new Subject<CoordinateRequest>();
      let applied = 0;
      marbles(({ scheduler }) => {
        const connection = requests$
          .pipe(
            answers({
              ...{ authTimeout: 100, scheduler, logger: logbook().logger },
              auth: () => {
                connection.unsubscribe();
              },
              apply: () => {
                applied += 1;
                return goOn;
              },
            }),
          )
          .subscribe();
        requests$.next(drawn['t']!);
      })();
      expect(applied).to.equal(0);
    });

    it(
      'stops asking when nobody waits any more',
      marbles((context) => {
        const answer$ = context.cold<undefined>('---------|');
        const { errors$ } = answered(context, '--n', { auth: () => answer$ });
        context.expectObservable(errors$, '^----!').toBe('-');
        context.expectSubscriptions(answer$.subscriptions).toBe('--^--!');
      }),
    );
  });

  it(
    'answers what breaks while a request takes effect with the generic text, and completes',
    marbles((context) => {
      const book = logbook();
      const apply = (): never => {
        throw new TypeError('cannot read properties of undefined');
      };
      const { errors$ } = answered(context, '-n-n', { apply, book });
      context.expectObservable(errors$).toBe('-(x|)', { x: 'internal coordinator error' });
      context.scheduler.schedule(() => expect(book.lines).to.deep.equal(['error request failed']), 10);
    }),
  );

  it('does not hear what is asked after the end, even from within', () => {
    const requests$ = new Subject<CoordinateRequest>();
    const applied: string[] = [];
    requests$
      .pipe(
        answers({
          ...{ auth: () => undefined, authTimeout: 100, logger: logbook().logger },
          scheduler: {
            now: () => 0,
            schedule: () => {
              throw new Error('nothing waits here');
            },
          },
          apply: ({ disconnect }) => {
            applied.push(disconnect ? 'goodbye' : 'other');
            if (disconnect) requests$.next(requests.addTunnel(alice));
            return disconnect ? { isLast: true } : goOn;
          },
        }),
      )
      .subscribe();
    requests$.next(requests.disconnect());
    requests$.next(requests.addTunnel(alice));
    expect(applied).to.deep.equal(['goodbye']);
    expect(requests$.observed).to.equal(false);
  });

  it('hears nothing after the last request from a source that gives all at once', () => {
    for (const last of [requests.disconnect(), withBytes('addTunnel', 3)]) {
      const { applied } = handled(last);
      expect(applied.map(({ addTunnel }) => addTunnel)).not.to.include(bob);
    }
  });

  for (const [how, drawnRequests, lines] of [
    ['end', '-ntr|', []],
    ['break', '-ntr#', ['debug request stream broke']],
  ] as const) {
    it(
      `handles what has come before it completes, when the requests ${how}`,
      marbles((context) => {
        const book = logbook();
        let applied = 0;
        const apply = (): Outcome => {
          applied += 1;
          return goOn;
        };
        const { errors$ } = answered(context, drawnRequests, {
          auth: () => timer(10).pipe(ignoreElements()),
          apply,
          book,
        });
        context.expectObservable(errors$).toBe('31ms |');
        context.scheduler.schedule(() => expect([applied, book.lines]).to.deep.equal([3, lines]), 40);
      }),
    );
  }

  it('lets what is asked in return wait behind what has come before', () => {
    const permission$ = new Subject<never>();
    const requests$ = new Subject<CoordinateRequest>();
    const applied: string[] = [];
    marbles(({ scheduler }) => {
      requests$
        .pipe(
          answers({
            ...{ authTimeout: 100, scheduler, logger: logbook().logger },
            auth: ({ updateSelf }) => (updateSelf ? permission$ : undefined),
            apply: ({ node, addTunnel, removeTunnel }) => {
              applied.push(node ? 'node' : addTunnel ? 'add' : removeTunnel ? 'remove' : 'nothing');
              return node || addTunnel ? { response: errorResponse('not you'), isLast: false } : goOn;
            },
          }),
        )
        .subscribe(() => requests$.next(applied.length === 1 ? drawn['r']! : CoordinateRequest.fromPartial({})));
      requests$.next(drawn['n']!);
      requests$.next(drawn['t']!);
      permission$.complete();
    })();
    expect(applied).to.deep.equal(['node', 'add', 'remove', 'nothing']);
  });

  it('bounds what waits for a slow authorisation: one request more ends the connection', () => {
    const permissions$ = new Subject<never>();
    const requests$ = new Subject<CoordinateRequest>();
    const told: string[] = [];
    let applied = 0;
    marbles(({ scheduler }) => {
      requests$
        .pipe(
          answers({
            ...{ authTimeout: 100, scheduler, logger: logbook().logger },
            auth: () => permissions$,
            apply: () => {
              applied += 1;
              return goOn;
            },
          }),
        )
        .subscribe({ next: ({ error }) => told.push(error), complete: () => told.push('end') });
      for (let count = 1; count <= 10_000; count++) requests$.next(drawn['t']!);
      expect(requests$.observed).to.equal(true);
      requests$.next(drawn['t']!);
      expect(requests$.observed).to.equal(false);
      expect(permissions$.observed).to.equal(false);
    })();
    expect(applied).to.equal(0);
    expect(told).to.deep.equal(['too many requests are waiting', 'end']);
  });

  it('handles what waited without growing the stack, however much it is', () => {
    const permissions$ = new Subject<never>();
    let applied = 0;
    marbles(({ scheduler }) => {
      const requests$ = new Subject<CoordinateRequest>();
      requests$
        .pipe(
          answers({
            ...{ authTimeout: 100, scheduler, logger: logbook().logger },
            auth: () => permissions$,
            apply: () => {
              applied += 1;
              return goOn;
            },
          }),
        )
        .subscribe();
      for (let count = 1; count <= 10_000; count++) requests$.next(drawn['t']!);
      permissions$.complete();
      scheduler.schedule(() => undefined, 1);
    })();
    expect(applied).to.equal(10_000);
  });
});
