import { expect } from 'chai';
import fc from 'fast-check';
import { type Changes, ConflatedChanges, peerIsReady, peersChanged } from '../../src/streams/changes.js';

/** What is taken out, one after the other: changed peers, then, behind a plus, those that are ready. */
const takeAll = (place: ConflatedChanges): readonly string[] => {
  const all: string[] = [];
  let taken: Changes | undefined;
  while ((taken = place.take()) !== undefined) all.push(`${taken.peers.join('')}+${taken.ready.join('')}`);
  return all;
};

describe('ConflatedChanges', () => {
  it('holds nothing at first', () => {
    expect(new ConflatedChanges(10).take()).to.equal(undefined);
  });

  it('takes no change at all for one', () => {
    const place = new ConflatedChanges(10);
    place.add(peersChanged([]));
    expect(place.take()).to.equal(undefined);
  });

  it('holds each peer once, however often it changed, and puts all in one', () => {
    const place = new ConflatedChanges(10);
    place.add(peersChanged(['a', 'b']));
    place.add(peersChanged(['b', 'c', 'a']));
    expect(takeAll(place)).to.deep.equal(['abc+']);
  });

  it('tells peers that are ready from peers that changed, and tells of the changes first', () => {
    const place = new ConflatedChanges(10);
    place.add(peerIsReady('a'));
    place.add(peersChanged(['b', 'a']));
    place.add(peerIsReady('c'));
    place.add(peerIsReady('a'));
    expect(takeAll(place)).to.deep.equal(['ba+ac']);
  });

  it('hands out so many at a time, counting both', () => {
    const place = new ConflatedChanges(3);
    place.add(peersChanged(['a', 'b', 'c', 'd', 'e']));
    for (const peer of ['v', 'w', 'x', 'y', 'z']) place.add(peerIsReady(peer));
    expect(takeAll(place)).to.deep.equal(['abc+', 'de+v', '+wxy', '+z']);
  });

  it('forgets what it handed out', () => {
    const place = new ConflatedChanges(1);
    place.add(peersChanged(['a', 'b']));
    expect([...(place.take()?.peers ?? [])]).to.deep.equal(['a']);
    place.add(peersChanged(['a']));
    expect(takeAll(place)).to.deep.equal(['b+', 'a+']);
  });

  it('hands out everything that came since it was last handed out, once', () => {
    const peer = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const step = fc.oneof(
      fc.record({ peers: fc.uniqueArray(peer, { maxLength: 4 }), ready: fc.uniqueArray(peer, { maxLength: 2 }) }),
      fc.constant('take' as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30, size: 'max' }), fc.integer({ min: 1, max: 4 }), (steps, limit) => {
        const place = new ConflatedChanges(limit);
        const waiting = { peers: new Set<string>(), ready: new Set<string>() };
        for (const step of [...steps, ...Array.from({ length: 11 }, () => 'take' as const)]) {
          if (step === 'take') {
            const taken = place.take();
            expect(taken === undefined).to.equal(waiting.peers.size + waiting.ready.size === 0);
            const { peers, ready } = { peers: [...(taken?.peers ?? [])], ready: [...(taken?.ready ?? [])] };
            expect(peers.length + ready.length).to.be.at.most(limit);
            for (const peer of peers) expect(waiting.peers.delete(peer)).to.equal(true);
            for (const peer of ready) expect(waiting.ready.delete(peer)).to.equal(true);
          } else {
            place.add(step);
            for (const peer of step.peers) waiting.peers.add(peer);
            for (const peer of step.ready) waiting.ready.add(peer);
          }
        }
        expect(waiting.peers.size + waiting.ready.size).to.equal(0);
      }),
    );
  });
});
