import { expect } from 'chai';
import { config, filter, firstValueFrom, NEVER, Observable, of, Subject, throwError, timer } from 'rxjs';
import type { Auth } from '../../src/auth/index.js';
import type { Coordinator } from '../../src/api.js';
import { createCoordinator } from '../../src/coordinator.js';
import { type CoordinateRequest, requests } from '../../src/proto/index.js';
import { alice, aNode, bob, carol, memoryDatabase, testPeer, type TestPeer } from '../../src/testing/index.js';
import { logbook, type Logbook } from '../streams/support/logbook.js';

describe('what breaks in one connection', () => {
  let book: Logbook;
  let coordinator: Coordinator;
  let alices: TestPeer;
  let bobs: TestPeer;
  let derp = 0;
  let unhandled: unknown[];

  beforeEach(async () => {
    unhandled = [];
    config.onUnhandledError = (error) => unhandled.push(error);
    book = logbook();
    coordinator = createCoordinator({ database: memoryDatabase(), logger: book.logger, tuning: { authTimeout: 20 } });
    await firstValueFrom(coordinator.health$.pipe(filter((health) => health === 'healthy')));
    [alices, bobs] = [testPeer(coordinator, alice), testPeer(coordinator, bob)];
    alices.addTunnel(bob);
    alices.addTunnel(carol);
  });

  afterEach('nobody else has noticed', async () => {
    try {
      await nobodyNoticed();
      expect(book.lines.filter((line) => line.startsWith('fatal'))).to.deep.equal([]);
      await alices.neverClosed();
      await bobs.neverClosed();
    } finally {
      config.onUnhandledError = null;
      await coordinator.close();
    }
  });

  const nobodyNoticed = async (): Promise<void> => {
    bobs.updateDerp(++derp);
    await alices.eventuallyHasDerp(bob, derp);
  };

  /** A connection of Carol's whose authorisation this is, and who asks for something. */
  const carolWith = (auth: Auth): TestPeer => {
    const carols = testPeer(coordinator, carol, { auth });
    carols.updateDerp(1);
    return carols;
  };

  const thrown = (what: unknown): Auth => {
    return () => {
      throw what;
    };
  };
  const internal = 'internal coordinator error';
  const late = 'authorization: no answer within 20 ms';
  const broken: readonly (readonly [what: string, auth: Auth, error: string])[] = [
    ['throws a text', thrown('password=hunter2'), internal],
    ['throws nothing at all', thrown(undefined), internal],
    ['throws null', thrown(null), internal],
    ['throws an object without a prototype', thrown(Object.create(null)), internal],
    ['throws an error of another kind', thrown(new RangeError('password=hunter2')), internal],
    ['fails later', () => Promise.reject(new TypeError('password=hunter2')), internal],
    ['refuses later', () => Promise.reject(new Error('not you')), 'authorization: not you'],
    ['fails with nothing', () => throwError(() => undefined), internal],
    ['fails as an Observable', () => throwError(() => new TypeError('password=hunter2')), internal],
    ['fails when it is subscribed to', () => new Observable(thrown(new TypeError('no')) as never), internal],
    ['answers with what is no answer', () => 5 as never, internal],
    ['answers false', () => false as never, internal],
    ['answers with null', () => null as never, internal],
    ['never answers', () => new Promise(() => undefined), late],
    ['never answers, as an Observable', () => NEVER, late],
  ];
  for (const [what, auth, error] of broken) {
    it(`ends that connection with an error, if its authorisation ${what}`, async () => {
      const carols = carolWith(auth);
      await carols.eventuallyClosed(error);
      await alices.neverSees(carol, 'node');
      expect(carols.seen.errors).to.deep.equal([error]);
    });
  }

  it('is nothing, if its authorisation answers twice, or emits what nobody asked for', async () => {
    const carols = carolWith(() => of(undefined, undefined, undefined));
    await alices.eventuallyHasDerp(carol, 1);
    await carols.neverClosed();
  });

  it('is nothing, if its authorisation answers when the connection has ended', async () => {
    const answers: Subject<never>[] = [];
    let reject: (error: Error) => void = () => undefined;
    const carols = carolWith(({ updateSelf }) => {
      if (!updateSelf) return new Promise((_resolve, refuse) => (reject = refuse));
      const answer$ = new Subject<never>();
      answers.push(answer$);
      return answer$;
    });
    carols.drop();
    expect(answers.map(({ observed }) => observed)).to.deep.equal([false]);
    answers[0]?.error(new Error('too late'));
    const again = testPeer(coordinator, carol, {
      auth: () => new Promise((_resolve, refuse) => (reject = refuse)),
    });
    again.updateDerp(2);
    again.drop();
    reject(new Error('too late'));
    await firstValueFrom(timer(0));
    expect(unhandled).to.deep.equal([]);
    await alices.neverSees(carol, 'node');
  });

  it('is nothing, if its authorisation ends the connection from within', async () => {
    const requests$ = new Subject<CoordinateRequest>();
    const auth = () => {
      connection.unsubscribe();
    };
    const connection = coordinator.coordinate$(carol, requests$, { auth }).subscribe();
    requests$.next(requests.updateSelf(aNode({ of: carol })));
    expect(requests$.observed).to.equal(false);
    await nobodyNoticed();
    await alices.neverSees(carol, 'node');
  });

  it('makes that peer lost, if its requests break, and what it said before counts', async () => {
    const requests$ = new Subject<CoordinateRequest>();
    const ends: string[] = [];
    coordinator.coordinate$(carol, requests$).subscribe({ complete: () => ends.push('complete') });
    requests$.next(requests.updateSelf(aNode({ of: carol, derp: 7 })));
    await alices.eventuallyHasDerp(carol, 7);
    requests$.error(new Error('a defect of the caller'));
    await alices.eventuallyLost(carol);
    expect(ends).to.deep.equal(['complete']);
  });

  it('ends that connection, if subscribing to its requests throws', async () => {
    const requests$ = new Observable<CoordinateRequest>((subscriber) => {
      subscriber.next(requests.updateSelf(aNode({ of: carol, derp: 8 })));
      throw new Error('a defect of the caller');
    });
    const carols = testPeer({ coordinate$: (id) => coordinator.coordinate$(id, requests$) }, carol);
    await carols.eventuallyClosed();
  });

  for (const [what, ready$] of [
    ['fails at once', throwError(() => new Error('a defect of the caller'))],
    [
      'fails when it is subscribed to',
      new Observable<boolean>(() => {
        throw new Error('a defect of the caller');
      }),
    ],
  ] as const) {
    it(`ends that connection with an error, if its ready$ ${what}`, async () => {
      const carols = testPeer(coordinator, carol, { ready$ });
      await carols.eventuallyClosed(internal);
    });
  }

  it('ends that connection with an error, if its ready$ fails while something is told', async () => {
    const ready$ = new Subject<boolean>();
    const carols = testPeer(coordinator, carol, { ready$ });
    carols.addTunnel(bob);
    await nobodyNoticed();
    await carols.eventuallyHasDerp(bob, derp);
    ready$.error(new Error('a defect of the caller'));
    await carols.eventuallyClosed(internal);
  });

  it('is told to the process as RxJS does it, if its observer throws, and the connection goes on', async () => {
    let told = 0;
    const requests$ = new Subject<CoordinateRequest>();
    const connection = coordinator.coordinate$(carol, requests$).subscribe(() => {
      told++;
      throw new Error('a defect of the caller');
    });
    requests$.next(requests.addTunnel(bob));
    await nobodyNoticed();
    await nobodyNoticed();
    expect(told).to.equal(2);
    connection.unsubscribe();
    await firstValueFrom(timer(0));
    expect(unhandled.map(String)).to.deep.equal(Array(2).fill('Error: a defect of the caller'));
  });
});
