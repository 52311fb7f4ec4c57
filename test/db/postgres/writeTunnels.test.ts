import { expect } from 'chai';
import { EMPTY } from 'rxjs';
import { anything, channels } from '../../../src/db/bus.js';
import type { Announcement } from '../../../src/db/announcer.js';
import { writeTunnels } from '../../../src/db/postgres/queries/writeTunnels.js';
import type { TunnelWrites } from '../../../src/db/store.js';
import { alice, bob, carol, dave, north } from '../../../src/testing/index.js';

/** What may have changed, if the answer does not come. */
const inDoubt = (writes: Partial<TunnelWrites>): readonly Announcement[] => {
  let doubts: readonly Announcement[] = [];
  writeTunnels(
    (_statement, _values, _read, inDoubt = () => []) => {
      doubts = inDoubt();
      return EMPTY;
    },
    { coordinatorId: north, expiry: 6000 },
    { add: [], remove: [], clear: [], ...writes },
  );
  return doubts;
};

describe('writeTunnels', () => {
  it('says of which tunnels nobody knows what has become of them, if its answer is lost', () => {
    const writes = {
      add: [{ src: alice, dst: bob }],
      remove: [{ src: alice, dst: carol }],
      removeOwn: [{ src: alice, dst: dave }],
    };
    const payloads = [`${alice},${bob}`, `${alice},${carol}`, `${alice},${dave}`];
    expect(inDoubt(writes)).to.deep.equal([{ channel: channels.tunnel, payloads }]);
    // Which ones that source had, nobody can say.
    expect(inDoubt({ clear: [alice] })).to.deep.equal([{ channel: channels.tunnel, payloads: [anything] }]);
  });
});
