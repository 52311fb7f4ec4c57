import { expect } from 'chai';
import fc from 'fast-check';
import type { Overview, OverviewPeer, OverviewTunnel } from '../../../src/db/overview.js';
import { overviewChanges, type RowChanges } from '../../../src/gateways/debug/overviewChanges.js';
import { overview } from './debugFixture.js';

const [letters, times] = [fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 3 })];
const peers = fc.uniqueArray(
  fc.record<OverviewPeer>({
    id: letters,
    coordinatorId: letters,
    status: fc.constantFrom('ok', 'lost'),
    writtenAt: times,
  }),
  { selector: ({ id, coordinatorId }) => id + coordinatorId },
);
const tunnels = fc.uniqueArray(
  fc.record<OverviewTunnel>({ src: letters, dst: letters, coordinatorId: letters, writtenAt: times }),
  { selector: ({ src, dst, coordinatorId }) => src + dst + coordinatorId },
);
const overviews = fc.record({ peers, tunnels }).map((tables): Overview => overview(tables));

/** What a page makes of changes. */
const changed = <Row>(rows: readonly Row[], { written, gone }: RowChanges<Row>, keyOf: (row: Row) => string): Row[] => {
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  for (const row of gone) byKey.delete(keyOf(row));
  for (const row of written) byKey.set(keyOf(row), row);
  return [...byKey.values()];
};

describe('the changes of an overview', () => {
  it('make one of another, and say nothing of what is the same', () => {
    fc.assert(
      fc.property(overviews, overviews, (before, after) => {
        const changes = overviewChanges(before, after);
        const keyOfPeer = ({ id, coordinatorId }: OverviewPeer) => id + coordinatorId;
        const keyOfTunnel = ({ src, dst, coordinatorId }: OverviewTunnel) => src + dst + coordinatorId;
        expect(changed(before.peers, changes.peers, keyOfPeer)).to.have.deep.members([...after.peers]);
        expect(changed(before.tunnels, changes.tunnels, keyOfTunnel)).to.have.deep.members([...after.tunnels]);
        for (const row of changes.peers.written) expect(before.peers).not.to.deep.include(row);
        for (const row of changes.tunnels.written) expect(before.tunnels).not.to.deep.include(row);
      }),
    );
  });

  it('hold all coordinators, whose heartbeats change anyway', () => {
    const coordinators = [{ id: 'c', heartbeatAt: 1, isLive: false }];
    expect(overviewChanges(overview(), overview({ readAt: 2, isPartial: true, coordinators }))).to.deep.equal({
      ...{ readAt: 2, isPartial: true, coordinators },
      peers: { written: [], gone: [] },
      tunnels: { written: [], gone: [] },
    });
  });
});
