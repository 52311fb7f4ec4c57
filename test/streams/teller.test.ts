import { expect } from 'chai';
import { VirtualTimeScheduler } from 'rxjs';
import type { Changes } from '../../src/streams/changes.js';
import { createTeller } from '../../src/streams/teller.js';
import { alice, bob, carol, dave, eve, nameOf } from '../../src/testing/index.js';

/** The watchers of a hub, who need no UUID. */
const crowd = (size: number): readonly string[] =>
  Array.from({ length: size }, (_, index) => `watcher ${String(index)}`);

const whose = (id: string): string => (id.startsWith('watcher') ? id : nameOf(id));

/** Whom each peer is watched by. A watcher takes `takes` milliseconds to be told. */
const setUp = (watchers: Readonly<Record<string, readonly string[]>>, takes = 0) => {
  const scheduler = new VirtualTimeScheduler();
  let spent = 0;
  scheduler.now = () => scheduler.frame + spent;
  const posts: string[] = [];
  const objects = new Set<Changes>();
  const teller = createTeller({
    scheduler,
    view: { watchersOf: (peerId) => new Set(watchers[peerId]) },
    connections: {
      post: (id, changes) => {
        spent += takes;
        expect(changes.ready).to.deep.equal([]);
        posts.push(`${whose(id)}: ${changes.peers.map(nameOf).join(', ')}`);
        objects.add(changes);
      },
    },
  });
  /** How many are told until now; and in each further turn, while there are any. */
  const turns = (): readonly number[] => {
    const counts = [posts.length];
    const { actions } = scheduler;
    for (let action = actions.shift(); action !== undefined; action = actions.shift()) {
      action.execute(action.state as never, action.delay);
      counts.push(posts.length);
    }
    return counts;
  };
  return { ...teller, scheduler, posts, objects, turns };
};

describe('teller', () => {
  it('tells all who watch a peer that it has changed, by one object', () => {
    const { tellWatchers, posts, objects } = setUp({ [alice]: [bob, carol, dave] });
    tellWatchers([alice]);
    expect(posts).to.deep.equal(['bob: alice', 'carol: alice', 'dave: alice']);
    expect(objects.size).to.equal(1);
  });

  it('tells each watcher once of all that has changed for it, and of nothing else', () => {
    const watchers = { [alice]: [carol, bob], [dave]: [bob], [eve]: [bob, alice], [bob]: [alice] };
    const { tellWatchers, posts } = setUp(watchers);
    tellWatchers([alice, dave, eve]);
    expect(posts).to.deep.equal(['carol: alice', 'bob: alice, dave, eve', 'alice: eve']);
  });

  it('tells nobody of what nobody watches, or when nothing has changed', () => {
    const { tellWatchers, posts } = setUp({ [alice]: [bob] });
    tellWatchers([]);
    tellWatchers([carol]);
    tellWatchers([carol, dave]);
    expect(posts).to.deep.equal([]);
  });

  it('tells a crowd at once for which there is time', () => {
    const { tellWatchers, told$, turns } = setUp({ [alice]: crowd(10_000) });
    told$.subscribe();
    tellWatchers([alice]);
    expect(turns()).to.deep.equal([10_000]);
  });

  it('tells the others of a crowd in later turns, each once, and looks at the clock after 64 of them', () => {
    const { tellWatchers, told$, posts, turns } = setUp({ [alice]: crowd(500) }, 0.05);
    const subscription = told$.subscribe();
    tellWatchers([alice]);
    expect(turns()).to.deep.equal([128, 256, 384, 500]);
    expect(new Set(posts).size).to.equal(500);
    subscription.unsubscribe();
  });

  it('tells of what changes meanwhile after those, once, however often it does; and the few whom it concerns at once', () => {
    const { tellWatchers, told$, posts, turns } = setUp(
      { [alice]: crowd(200), [eve]: crowd(100), [bob]: [carol] },
      0.05,
    );
    told$.subscribe();
    tellWatchers([alice]);
    tellWatchers([bob]);
    tellWatchers([eve]);
    tellWatchers([eve]);
    expect(posts.slice(128)).to.deep.equal([
      'carol: bob',
      ...[1, 2].flatMap(() => crowd(64).map((id) => `${id}: eve`)),
    ]);
    posts.length = 0;
    expect(turns()).to.deep.equal([0, 72, 172]);
    expect(posts).to.deep.equal([
      ...crowd(200)
        .slice(128)
        .map((id) => `${id}: alice`),
      ...crowd(100).map((id) => `${id}: eve`),
    ]);
    // Nothing is owed any more: a crowd has a turn of its own again.
    posts.length = 0;
    tellWatchers([alice]);
    expect(turns()).to.deep.equal([128, 200]);
  });

  it('finds out in turns, too, whom several changes concern, and then tells each once of all', () => {
    const peers = Array.from({ length: 10 }, () => crypto.randomUUID());
    const watchers = Object.fromEntries(peers.map((peerId) => [peerId, crowd(100)]));
    const { tellWatchers, told$, scheduler, posts, turns } = setUp(watchers);
    let now = 0;
    // A millisecond passes for every 64 steps.
    scheduler.now = () => now++;
    told$.subscribe();
    tellWatchers(peers);
    expect(turns()).to.deep.equal([0, 0, 0, 14, 100]);
    expect(new Set(posts)).to.deep.equal(new Set(crowd(100).map((id) => `${id}: ${peers.map(nameOf).join(', ')}`)));
  });

  it('holds a turn of a process whose clock is set back meanwhile until all are told', () => {
    const { tellWatchers, told$, turns } = setUp({ [alice]: crowd(500) }, -1);
    told$.subscribe();
    tellWatchers([alice]);
    expect(turns()).to.deep.equal([500]);
  });

  it('leaves nothing scheduled when it is unsubscribed in the middle', () => {
    const { tellWatchers, told$, scheduler, posts } = setUp({ [alice]: crowd(500) }, 1);
    const subscription = told$.subscribe();
    tellWatchers([alice]);
    expect(scheduler.actions).to.have.lengthOf(1);
    subscription.unsubscribe();
    expect(scheduler.actions).to.deep.equal([]);
    expect(posts).to.have.lengthOf(64);
  });
});
