import { expect } from 'chai';
import { EMPTY, filter, takeUntil } from 'rxjs';
import { channels, type BusEvent } from '../../src/db/bus.js';
import { StoreError } from '../../src/db/store.js';
import { alice, bob, carol, eve, memoryDatabase, north, south } from '../../src/testing/index.js';
import { adding, answer, failureOf, hear, node, writer } from './support/answer.js';

describe('memoryDatabase', () => {
  it('answers within the call', () => {
    const { store } = memoryDatabase();
    expect(answer(store.heartbeat(north))).to.deep.equal({ created: true, hasBindings: false, hasTunnels: false });
    answer(store.writeBindings(writer, [node(alice)]));
    answer(store.writeTunnels(writer, adding({ src: alice, dst: bob })));
    expect(answer(store.heartbeat(north))).to.deep.equal({ created: false, hasBindings: true, hasTunnels: true });
    expect(answer(store.readNeighbours([bob]))).to.deep.equal([{ peerId: bob, neighbourIds: [alice] }]);
  });

  it('has told everybody of a write by the time it answers', () => {
    const database = memoryDatabase();
    answer(database.store.heartbeat(north));
    const { heard } = hear(database, channels.peer);
    let heardAtAnswer: string[] = [];
    database.store.writeBindings(writer, [node(alice)]).subscribe(() => (heardAtAnswer = [...heard]));
    expect(heardAtAnswer).to.deep.equal(['gap', alice]);
  });

  it('announces all of a write, though its caller leaves while it is announced', () => {
    const database = memoryDatabase();
    const { store, bus, rows } = database;
    answer(store.heartbeat(north));
    answer(store.writeBindings(writer, [node(alice)]));
    answer(store.writeTunnels(writer, adding({ src: alice, dst: bob })));
    rows.restore({ ...rows.backup(), coordinators: [{ id: north, heartbeatAt: 0 }] });

    const { heard } = hear(database, channels.tunnel);
    const answers: number[] = [];
    const firstNews$ = bus.listen$(channels.peer).pipe(filter(({ kind }) => kind === 'message'));
    store
      .cleanCoordinators()
      .pipe(takeUntil(firstNews$))
      .subscribe((count) => answers.push(count));
    expect(answers, 'the caller left').to.deep.equal([]);
    expect(heard).to.deep.equal(['gap', `${alice},${bob}`]);
  });

  it('delivers what a listener causes after what it is hearing, to all listeners in the same order', () => {
    const { store, bus } = memoryDatabase();
    answer(store.heartbeat(north));
    const heard: string[] = [];
    let inside = false;
    const listen = (name: string, react: (event: BusEvent) => void) =>
      bus.listen$(channels.peer).subscribe((event) => {
        expect(inside, 're-entered').to.equal(false);
        inside = true;
        heard.push(`${name} ${event.kind === 'gap' ? 'gap' : event.payload.slice(0, 3)}`);
        react(event);
        inside = false;
      });
    listen('first', (event) => {
      if (event.kind === 'gap') answer(store.writeBindings(writer, [node(alice)]));
      else if (event.payload === alice) answer(store.writeBindings(writer, [node(bob)]));
    });
    expect(heard.splice(0)).to.deep.equal(['first gap', 'first a11', 'first b0b']);
    listen('second', () => undefined);
    answer(store.writeBindings(writer, [node(alice)]));
    expect(heard).to.deep.equal(['second gap', 'first a11', 'second a11', 'first b0b', 'second b0b']);
  });

  it('tells a listener that comes during a delivery only of what is published afterwards', () => {
    const database = memoryDatabase();
    const late: { heard: string[] }[] = [];
    database.bus.listen$('news').subscribe((event) => {
      if (event.kind === 'message' && event.payload === 'one') late.push(hear(database, 'news'));
    });
    database.bus.publish('news', ['one']).subscribe();
    database.bus.publish('news', ['two']).subscribe();
    expect(late.map(({ heard }) => heard)).to.deep.equal([['gap', 'two']]);
  });

  it('refuses a batch that holds a key twice, and does nothing of it', () => {
    const { store, rows } = memoryDatabase();
    answer(store.heartbeat(north));
    const failure = failureOf(store.writeBindings(writer, [node(bob), node(alice), node(alice, 2)]));
    expect(failure).to.be.instanceOf(StoreError).with.property('reason', 'refused');
    expect(failure).to.have.property('message', `the batch holds ${alice} more than once`);
    expect(
      failureOf(store.writeTunnels(writer, { ...adding({ src: bob, dst: eve }), remove: [{ src: bob, dst: eve }] })),
    ).to.have.property('message', `the batch holds ${bob},${eve} more than once`);
    expect(rows.peers()).to.deep.equal([]);
  });

  it('gives writes within one millisecond different times', () => {
    const { store } = memoryDatabase({ scheduler: { now: () => 5, schedule: () => EMPTY.subscribe() } });
    answer(store.heartbeat(north));
    answer(store.heartbeat(south));
    answer(store.writeBindings(writer, [node(alice)]));
    answer(store.writeBindings({ ...writer, coordinatorId: south }, [node(alice)]));
    expect(answer(store.readBindings([alice])).map(({ updatedAt }) => updatedAt)).to.deep.equal([5000, 5001]);
  });

  it('never goes back in time, though the clock of the machine does', () => {
    let now = 5;
    const { store } = memoryDatabase({ scheduler: { now: () => now, schedule: () => EMPTY.subscribe() } });
    answer(store.heartbeat(north));
    const { at: before } = answer(store.writeBindings(writer, [node(alice)]));
    now = 1;
    expect(answer(store.writeBindings(writer, [node(alice)])).at).to.equal(before + 1);
  });

  it('is shared by all who use it, and by nobody else', () => {
    const [one, other] = [memoryDatabase(), memoryDatabase()];
    answer(one.connect().store.heartbeat(north));
    expect(one.rows.coordinators().map(({ id }) => id)).to.deep.equal([north]);
    expect(other.rows.coordinators()).to.deep.equal([]);
  });
});

describe('rows', () => {
  const inhabited = () => {
    const database = memoryDatabase();
    const { store } = database;
    for (const coordinatorId of [north, south]) {
      answer(store.heartbeat(coordinatorId));
      answer(store.writeBindings({ ...writer, coordinatorId }, [node(alice), node(bob)]));
      answer(
        store.writeTunnels(
          { ...writer, coordinatorId },
          adding({ src: alice, dst: bob }, { src: alice, dst: carol }, { src: bob, dst: carol }),
        ),
      );
    }
    return database;
  };

  it('show the tables', () => {
    const { rows } = inhabited();
    expect(rows.coordinators().map(({ id }) => id)).to.deep.equal([north, south]);
    expect(rows.peers()).to.have.lengthOf(4);
    expect(rows.peers(bob).map(({ coordinatorId }) => coordinatorId)).to.deep.equal([north, south]);
    expect(rows.peers(carol)).to.deep.equal([]);
    expect(rows.tunnels()).to.have.lengthOf(6);
    expect(rows.tunnels(bob).map(({ dst }) => dst)).to.deep.equal([carol, carol]);
  });

  it('can be deleted by hand, and nobody is told', () => {
    const database = inhabited();
    const { rows, store } = database;
    const heard = Object.values(channels).map((channel) => hear(database, channel).heard);

    rows.deletePeer(alice, south);
    expect(rows.peers(alice).map(({ coordinatorId }) => coordinatorId)).to.deep.equal([north]);
    rows.deletePeer(bob);
    expect(rows.peers(bob)).to.deep.equal([]);
    rows.deleteTunnels(alice, bob);
    expect(
      answer(
        store.readPairs([
          [bob, alice],
          [carol, alice],
        ]),
      ),
    ).to.deep.equal([false, true]);
    rows.deleteTunnels(bob);
    expect(rows.tunnels().map(({ src }) => src)).to.deep.equal([alice, alice]);
    rows.deleteCoordinator(north);
    expect(rows.backup()).to.deep.include({ coordinators: rows.coordinators(), peers: [] });
    expect(rows.tunnels().map(({ coordinatorId }) => coordinatorId)).to.deep.equal([south]);

    expect(heard).to.deep.equal(Object.values(channels).map(() => ['gap']));
  });

  it('come back from a backup, which later writes do not touch', () => {
    const { rows, store } = inhabited();
    const backup = rows.backup();
    answer(store.writeBindings(writer, [node(alice, 7), { kind: 'disconnected', peerId: bob }]));
    answer(store.writeTunnels(writer, { add: [], remove: [], clear: [alice] }));
    expect(rows.backup()).not.to.deep.equal(backup);
    rows.restore(backup);
    expect(rows.backup()).to.deep.equal(backup);
    rows.restore();
    expect(rows.backup()).to.deep.equal({ coordinators: [], peers: [], tunnels: [] });
  });

  it('take any row, though its node be none', () => {
    const { rows, store } = inhabited();
    const row = { peerId: eve, coordinatorId: north, updatedAt: 1, node: Uint8Array.of(255), status: 'ok' } as const;
    rows.putPeer(row);
    expect(answer(store.readBindings([eve]))).to.deep.equal([row]);
  });
});
