import { expect } from 'chai';
import type { Changes } from '../../src/streams/changes.js';
import { tellWatchers } from '../../src/streams/tellWatchers.js';
import { alice, bob, carol, dave, eve, nameOf } from '../../src/testing/index.js';

/** Whom each peer is watched by, who is told of whom then, in order, and by which objects. */
const told = (watchers: Readonly<Record<string, readonly string[]>>, changedIds: readonly string[]) => {
  const posts: string[] = [];
  const objects = new Set<Changes>();
  tellWatchers(
    { watchersOf: (peerId) => new Set(watchers[peerId]) },
    {
      post: (peerId, changes) => {
        posts.push(`${nameOf(peerId)}: ${changes.peers.map(nameOf).join(', ')}`);
        expect(changes.ready).to.deep.equal([]);
        objects.add(changes);
      },
    },
    changedIds,
  );
  return { posts, objects: objects.size };
};

describe('tellWatchers', () => {
  it('tells all who watch a peer that it has changed, by one object', () => {
    const { posts, objects } = told({ [alice]: [bob, carol, dave] }, [alice]);
    expect(posts).to.deep.equal(['bob: alice', 'carol: alice', 'dave: alice']);
    expect(objects).to.equal(1);
  });

  it('tells each watcher once of all that has changed for it, and of nothing else', () => {
    const watchers = { [alice]: [carol, bob], [dave]: [bob], [eve]: [bob, alice], [bob]: [alice] };
    const { posts } = told(watchers, [alice, dave, eve]);
    expect(posts).to.deep.equal(['carol: alice', 'bob: alice, dave, eve', 'alice: eve']);
  });

  it('tells nobody of what nobody watches, or when nothing has changed', () => {
    expect(told({ [alice]: [bob] }, []).posts).to.deep.equal([]);
    expect(told({ [alice]: [bob] }, [carol]).posts).to.deep.equal([]);
    expect(told({ [alice]: [bob] }, [carol, dave]).posts).to.deep.equal([]);
  });
});
