import { expect } from 'chai';
import fc from 'fast-check';
import type { CoordinateResponse_PeerUpdate } from '../../src/proto/index.js';
import {
  chunkUpdates,
  closeErrors,
  CoordinateResponse,
  errorResponse,
  peerIdOf,
  PeerUpdateKind,
  peerUpdateKindName,
  updatesResponse,
  uuidToBytes,
} from '../../src/proto/index.js';

const alice = '00112233-4455-6677-8899-aabbccddeeff';

const updates = (count: number): CoordinateResponse_PeerUpdate[] =>
  Array.from({ length: count }, (_, index) => ({
    id: uuidToBytes(alice),
    node: undefined,
    kind: PeerUpdateKind.LOST,
    reason: String(index),
  }));

describe('responses', () => {
  it('carry updates', () => {
    const { peerUpdates, error } = CoordinateResponse.decode(
      CoordinateResponse.encode(updatesResponse(updates(2))).finish(),
    );
    expect(peerUpdates.map((update) => [peerIdOf(update), update.kind, update.reason])).to.deep.equal([
      [alice, 3, '0'],
      [alice, 3, '1'],
    ]);
    expect(error).to.equal('');
  });

  it('carry an error', () => {
    const { peerUpdates, error } = CoordinateResponse.decode(CoordinateResponse.encode(errorResponse('why')).finish());
    expect([peerUpdates, error]).to.deep.equal([[], 'why']);
  });

  it('carry kinds that have names', () => {
    const decoded = CoordinateResponse.decode(Uint8Array.from([10, 2, 24, 9]));
    const unheardOf = decoded.peerUpdates.map(({ kind }) => peerUpdateKindName(kind));
    expect(unheardOf).to.deep.equal(['9']);
    expect([0, 1, 2, 3, 4, -1].map((kind) => peerUpdateKindName(kind as PeerUpdateKind))).to.deep.equal([
      ...['KIND_UNSPECIFIED', 'NODE', 'DISCONNECTED', 'LOST', 'READY_FOR_HANDSHAKE'],
      '-1',
    ]);
  });

  it('end a connection in the words that peers know', () => {
    expect(closeErrors).to.deep.equal({
      unhealthy: 'coordinator unhealthy',
      overwritten: 'peer ID overwritten by new connection',
      closed: 'coordinator closed',
      internal: 'internal coordinator error',
    });
  });
});

describe('chunkUpdates', () => {
  it('leaves 1024 updates in one piece', () => {
    const all = updates(1024);
    expect(chunkUpdates(all)).to.have.length(1);
    expect(chunkUpdates(all)[0]).to.equal(all);
  });

  it('cuts more into slices of 1024, in order', () => {
    const all = updates(2049);
    expect(chunkUpdates(all).map((chunk) => chunk.length)).to.deep.equal([1024, 1024, 1]);
    expect(chunkUpdates(all).flat()).to.deep.equal(all);
  });

  it('makes nothing of nothing', () => {
    expect(chunkUpdates([])).to.deep.equal([]);
  });

  it('refuses slices of less than one', () => {
    for (const max of [0, -1, NaN]) expect(() => chunkUpdates([], max)).to.throw(RangeError, /at least 1 update/);
  });

  it('keeps every update in its place, whatever the size of the slices', () => {
    fc.assert(
      fc.property(fc.nat({ max: 40 }), fc.integer({ min: 1, max: 12 }), (count, max) => {
        const all = updates(count);
        const chunks = chunkUpdates(all, max);
        expect(chunks.flat()).to.deep.equal(all);
        for (const chunk of chunks) expect(chunk.length).to.be.within(1, max);
      }),
    );
  });
});
