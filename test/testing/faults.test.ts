import { expect } from 'chai';
import { map, merge, timer } from 'rxjs';
import { channels } from '../../src/db/bus.js';
import { StoreError } from '../../src/db/store.js';
import { alice, bob, eve, marbles, memoryDatabase, north, south, type Call } from '../../src/testing/index.js';
import { answer, failureOf, hear, node, writer } from './support/answer.js';

const ready = () => {
  const database = memoryDatabase();
  answer(database.store.heartbeat(north));
  return database;
};

describe('faults', () => {
  it('failNext fails the next call, changes nothing, and is over', () => {
    const { store, faults, rows } = ready();
    faults.failNext();
    const failure = failureOf(store.writeBindings(writer, [node(alice)]));
    expect(failure).to.be.instanceOf(StoreError).and.include({
      reason: 'unavailable',
      message: 'the database failed',
    });
    expect(rows.peers()).to.deep.equal([]);
    answer(store.writeBindings(writer, [node(alice)]));
    expect(rows.peers()).to.have.lengthOf(1);
  });

  it('failNext can wait for a method, last for some calls, and fail with any error', () => {
    const { store, faults } = ready();
    const error = new StoreError('missing-coordinator', 'gone');
    faults.failNext('heartbeat', 2, error);
    answer(store.writeBindings(writer, [node(alice)]));
    expect(failureOf(store.heartbeat(north))).to.equal(error);
    answer(store.readCoordinators(1000));
    expect(failureOf(store.heartbeat(south))).to.equal(error);
    answer(store.heartbeat(north));
  });

  it('failNext counts subscriptions, so that a retry is a call of its own', () => {
    const { store, faults } = ready();
    faults.failNext('heartbeat');
    const heartbeat$ = store.heartbeat(north);
    failureOf(heartbeat$);
    answer(heartbeat$);
  });

  it('failures that were ordered one after the other come one after the other', () => {
    const { store, faults } = ready();
    faults.failNext('heartbeat', 1, new StoreError('unavailable', 'first'));
    faults.failNext(undefined, 1, new StoreError('unavailable', 'second'));
    const messages = [1, 2].map(() => String(failureOf(store.heartbeat(north))));
    expect(messages).to.deep.equal(['StoreError: first', 'StoreError: second']);
    answer(store.heartbeat(north));
  });

  it('failAfterEffect does the work and announces it, but loses the answer', () => {
    const database = ready();
    const { store, faults, rows } = database;
    const { heard } = hear(database, channels.peer);
    faults.failAfterEffect('writeBindings');
    expect(failureOf(store.writeBindings(writer, [node(alice)]))).to.include({
      reason: 'unavailable',
      message: 'the answer was lost',
    });
    expect(rows.peers().map(({ peerId }) => peerId)).to.deep.equal([alice]);
    expect(heard).to.deep.equal(['gap', alice]);
  });

  it(
    'failBeforeEffect loses the answer at once, and does the work later, by itself',
    marbles(({ expectObservable }) => {
      const { store, faults, rows } = ready();
      faults.failBeforeEffect(30, 'writeBindings');
      expect(failureOf(store.writeBindings(writer, [node(alice)]))).to.include({
        reason: 'unavailable',
        message: 'the connection broke',
      });
      const rows$ = merge(timer(29), timer(31)).pipe(map(() => rows.peers().length));
      expectObservable(rows$).toBe('29ms a-(b|)', { a: 0, b: 1 });
    }),
  );

  it(
    'failBeforeEffect tells nobody when the late work fails',
    marbles(({ expectObservable }) => {
      const { store, faults, rows } = ready();
      faults.failBeforeEffect(30, 'writeBindings');
      failureOf(store.writeBindings(writer, [node(alice)]));
      rows.deleteCoordinator(north);
      expectObservable(timer(31).pipe(map(() => rows.peers().length))).toBe('31ms (a|)', { a: 0 });
    }),
  );

  it('repeatNotifications has those that are picked heard twice, until undone', () => {
    const database = ready();
    const { heard } = hear(database, channels.peer);
    const undo = database.faults.repeatNotifications((_channel, payload) => payload === alice);
    answer(database.store.writeBindings(writer, [node(alice)]));
    answer(database.store.writeBindings(writer, [node(bob)]));
    undo();
    answer(database.store.writeBindings(writer, [node(alice)]));
    expect(heard).to.deep.equal(['gap', alice, alice, bob, alice]);
  });

  it('failWhen refuses what it is told to refuse, until undone', () => {
    const { store, faults, rows } = ready();
    const refusal = new StoreError('refused', 'nobody wants eve');
    const undo = faults.failWhen((call) =>
      call.method === 'writeBindings' && call.args[1].some(({ peerId }) => peerId === eve) ? refusal : undefined,
    );
    expect(failureOf(store.writeBindings(writer, [node(alice), node(eve)]))).to.equal(refusal);
    answer(store.writeBindings(writer, [node(alice)]));
    undo();
    answer(store.writeBindings(writer, [node(eve)]));
    expect(rows.peers().map(({ peerId }) => peerId)).to.deep.equal([alice, eve]);
  });

  it('hang holds calls, and lets them go on in their order', () => {
    const { store, faults, rows } = ready();
    const letGo = faults.hang('writeBindings');
    const answered: number[] = [];
    [1, 2, 3].forEach((derp) => store.writeBindings(writer, [node(alice, derp)]).subscribe(() => answered.push(derp)));
    answer(store.heartbeat(north));
    expect(rows.peers()).to.deep.equal([]);
    letGo();
    expect(answered).to.deep.equal([1, 2, 3]);
    expect(rows.peers()).to.have.lengthOf(1);
  });

  it('a call that is held by several hangs waits for all of them', () => {
    const { store, faults } = ready();
    const [letAllGo, letHeartbeatGo] = [faults.hang(), faults.hang('heartbeat')];
    let answered = false;
    store.heartbeat(north).subscribe(() => (answered = true));
    letAllGo();
    expect(answered).to.equal(false);
    letHeartbeatGo();
    expect(answered).to.equal(true);
  });

  it('a held call whose caller left is never done', () => {
    const { store, faults, rows } = ready();
    const letGo = faults.hang();
    store.heartbeat(south).subscribe().unsubscribe();
    letGo();
    expect(rows.coordinators().map(({ id }) => id)).to.deep.equal([north]);
  });

  it('breakOff fails the calls that are held, and no others', () => {
    const { store, faults, rows } = ready();
    const letGo = faults.hang('writeBindings');
    const errors: unknown[] = [];
    store.writeBindings(writer, [node(alice)]).subscribe({ error: (error: unknown) => errors.push(error) });
    faults.breakOff();
    letGo();
    expect(errors.map(String)).to.deep.equal(['StoreError: the call took too long']);
    answer(store.writeBindings(writer, [node(bob)]));
    expect(rows.peers().map(({ peerId }) => peerId)).to.deep.equal([bob]);
  });

  it('goAway fails every call, silences the bus, and a gap follows when it comes back', () => {
    const database = ready();
    const { store, bus, faults, connect } = database;
    const elsewhere = connect();
    const { heard } = hear(elsewhere, channels.peer);
    elsewhere.faults.goAway();
    expect(failureOf(elsewhere.store.readBindings([alice]))).to.include({
      reason: 'unavailable',
      message: 'the database is away',
    });
    const failures: unknown[] = [];
    elsewhere.bus.publish('news', ['x']).subscribe({ error: (error: unknown) => failures.push(error) });
    expect(failures).to.have.lengthOf(1);

    answer(store.writeBindings(writer, [node(alice)]));
    const { heard: heardLater } = hear(elsewhere, channels.peer);
    expect([heard, heardLater]).to.deep.equal([['gap'], []]);
    elsewhere.faults.comeBack();
    elsewhere.faults.comeBack();
    expect([heard, heardLater]).to.deep.equal([['gap', 'gap'], ['gap']]);

    answer(store.writeBindings(writer, [node(bob)]));
    expect([heard, heardLater]).to.deep.equal([
      ['gap', 'gap', bob],
      ['gap', bob],
    ]);
    expect(answer(elsewhere.store.readBindings([alice]))).to.have.lengthOf(1);
    expect(faults).not.to.equal(elsewhere.faults);
    expect(bus).not.to.equal(elsewhere.bus);
  });

  it('goAway of the database concerns all of its wires', () => {
    const database = ready();
    const wires = [database.connect(), database.connect()];
    const heard = wires.map((wire) => hear(wire, 'news').heard);
    database.faults.goAway(new StoreError('unavailable', 'power cut'));
    const messages = wires.map(({ store }) => String(failureOf(store.heartbeat(north))));
    expect(messages).to.deep.equal(['StoreError: power cut', 'StoreError: power cut']);
    database.faults.comeBack();
    expect(heard).to.deep.equal([
      ['gap', 'gap'],
      ['gap', 'gap'],
    ]);
  });

  it('goAway breaks calls that are held', () => {
    const { store, faults } = ready();
    faults.hang();
    const failures: string[] = [];
    store.heartbeat(south).subscribe({ error: (error: unknown) => failures.push(String(error)) });
    faults.goAway();
    expect(failures).to.deep.equal(['StoreError: the database is away']);
  });

  it(
    'goAway breaks calls and notifications that are under way',
    marbles(({ expectObservable }) => {
      const database = memoryDatabase({ latency: 10, busLatency: 10 });
      const { store, bus, faults, rows } = database;
      timer(3).subscribe(() => faults.goAway());
      timer(20).subscribe(() => faults.comeBack());
      timer(25).subscribe(() => expect(rows.coordinators()).to.deep.equal([]));
      const error = new StoreError('unavailable', 'the database is away');
      expectObservable(merge(bus.listen$('news'), timer(30)), '30ms !').toBe('g 19ms g', { g: { kind: 'gap' } });
      expectObservable(store.heartbeat(north)).toBe('---#', {}, error);

      const announced = memoryDatabase({ busLatency: 10 });
      timer(1).subscribe(() => announced.bus.publish('news', ['lost']).subscribe());
      timer(3).subscribe(() => announced.faults.goAway());
      timer(5).subscribe(() => announced.faults.comeBack());
      timer(8).subscribe(() => announced.bus.publish('news', ['heard']).subscribe());
      expectObservable(announced.bus.listen$('news'), '30ms !').toBe('g----g 12ms h', {
        g: { kind: 'gap' },
        h: { kind: 'message', payload: 'heard' },
      });
    }),
  );

  it('dropNotifications loses all of them, or those that are picked, and tells nobody', () => {
    const database = ready();
    const { faults, bus } = database;
    const news = hear(database, 'news');
    const gossip = hear(database, 'gossip');
    const publish = (payload: string) => {
      for (const channel of ['news', 'gossip']) bus.publish(channel, [payload]).subscribe();
    };
    const hearNews = faults.dropNotifications((channel, payload) => channel === 'news' && payload !== 'urgent');
    publish('one');
    publish('urgent');
    const hearAll = faults.dropNotifications();
    publish('two');
    hearAll();
    publish('three');
    hearNews();
    publish('four');
    expect(news.heard).to.deep.equal(['gap', 'urgent', 'four']);
    expect(gossip.heard).to.deep.equal(['gap', 'one', 'urgent', 'three', 'four']);
  });

  it('gap tells listeners, in turn with what they are hearing', () => {
    const database = ready();
    const order: string[] = [];
    database.bus.listen$('news').subscribe((event) => {
      order.push(`first ${event.kind}`);
      if (event.kind === 'message') database.faults.gap();
    });
    database.bus.listen$('news').subscribe((event) => order.push(`second ${event.kind}`));
    order.length = 0;
    database.bus.publish('news', ['x']).subscribe();
    expect(order).to.deep.equal(['first message', 'second message', 'first gap', 'second gap']);
  });

  it('recover ends all of them', () => {
    const database = ready();
    const { store, faults, bus } = database;
    const { heard } = hear(database, 'news');
    faults.failNext('heartbeat', 100);
    faults.failAfterEffect(undefined, 100);
    faults.failWhen(() => new StoreError('refused', 'no'));
    faults.dropNotifications();
    faults.hang('cleanTunnels');
    let cleaned = 0;
    faults.recover();
    faults.hang();
    store.cleanTunnels().subscribe(() => (cleaned += 1));
    expect(cleaned).to.equal(0);
    faults.recover();
    expect(cleaned).to.equal(1);
    faults.goAway();
    faults.recover();
    answer(store.heartbeat(north));
    bus.publish('news', ['x']).subscribe();
    expect(heard).to.deep.equal(['gap', 'gap', 'x']);
  });

  it('calls$ tells what is asked, with its arguments, once per subscription', () => {
    const { store, bus, faults } = ready();
    const calls: Call[] = [];
    faults.calls$.subscribe((call) => calls.push(call));
    const heartbeat$ = store.heartbeat(north);
    expect(calls).to.deep.equal([]);
    faults.failNext();
    failureOf(heartbeat$);
    answer(heartbeat$);
    bus.publish('news', ['x']).subscribe();
    expect(calls).to.deep.equal([
      { method: 'heartbeat', args: [north] },
      { method: 'heartbeat', args: [north] },
      { method: 'publish', args: ['news', ['x']] },
    ]);
  });
});
