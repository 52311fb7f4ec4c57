import { expect } from 'chai';
import { pino } from 'pino';
import type { Binding } from '../../src/db/store.js';
import { encodeNode } from '../../src/proto/node.js';
import { bindingDecoder } from '../../src/streams/bindingDecoder.js';
import { aNode, alice, bob, north, south } from '../../src/testing/index.js';

const good = encodeNode(aNode({ derp: 7 }));
const bad = Uint8Array.of(0xff);

const row = (more: Partial<Binding> = {}): Binding => ({
  ...{ peerId: alice, coordinatorId: north, updatedAt: 1, status: 'ok', node: bad },
  ...more,
});

const decoder = () => {
  const complaints: Record<string, unknown>[] = [];
  const decode = bindingDecoder(
    pino({}, { write: (line: string) => void complaints.push(JSON.parse(line) as Record<string, unknown>) }),
  );
  return { decode, complaints };
};

describe('bindingDecoder', () => {
  it('decodes a node, and says nothing', () => {
    const { decode, complaints } = decoder();
    expect(decode(row({ node: good }))).to.deep.equal(aNode({ derp: 7 }));
    expect(complaints).to.deep.equal([]);
  });

  it('takes a node that cannot be decoded for none, and says whose it is and what is wrong', () => {
    const { decode, complaints } = decoder();
    expect(decode(row())).to.equal(undefined);
    expect(complaints).to.have.length(1);
    expect(complaints[0]).to.deep.include({
      level: 50,
      msg: 'node in the database cannot be decoded',
      peer_id: alice,
      of_coordinator_id: north,
    });
    expect(complaints[0]).to.have.nested.property('err.message').that.is.a('string').and.is.not.empty;
  });

  it('says so once, however often the row is read', () => {
    const { decode, complaints } = decoder();
    for (let time = 0; time < 5; time++) decode(row());
    expect(complaints).to.have.length(1);
  });

  it('says so again when the row has been written anew, and of each other row', () => {
    const { decode, complaints } = decoder();
    const rows = [row(), row({ updatedAt: 2 }), row({ peerId: bob }), row({ coordinatorId: south })];
    for (const each of rows) decode(each);
    for (const each of rows.slice(1)) decode(each);
    expect(complaints.map(({ peer_id, of_coordinator_id }) => [peer_id, of_coordinator_id])).to.deep.equal([
      [alice, north],
      [alice, north],
      [bob, north],
      [alice, south],
    ]);
  });
});
