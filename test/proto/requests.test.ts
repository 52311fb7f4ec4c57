import { expect } from 'chai';
import type { CoordinateRequest as Request } from '../../src/proto/index.js';
import { CoordinateRequest, decodeNode, encodeNode, Node, requests, uuidToBytes } from '../../src/proto/index.js';

const alice = '00112233-4455-6677-8899-aabbccddeeff';
const bob = 'ffeeddcc-bbaa-9988-7766-554433221100';

/** What is left of a request after it went over the wire, without the parts that it lacks. */
function received(request: Request): Partial<Request> {
  const decoded = CoordinateRequest.decode(CoordinateRequest.encode(request).finish());
  const isPresent = ([field, value]: [string, unknown]) =>
    field !== '_unknownFields' && value !== undefined && !(Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(decoded).filter(isPresent));
}

describe('requests', () => {
  it('publish a node, with what was left out empty', () => {
    expect(received(requests.updateSelf({ preferredDerp: 5 })).updateSelf?.node).to.deep.equal(
      decodeNode(encodeNode({ ...Node.fromPartial({}), preferredDerp: 5 })),
    );
  });

  it('publish a node with the fields that this version does not know', () => {
    const newer = decodeNode(Buffer.from('fa01036e6577', 'hex'));
    expect(received(requests.updateSelf(newer)).updateSelf?.node).to.deep.equal(newer);
  });

  it('open and close tunnels', () => {
    const id = uuidToBytes(alice);
    expect(received(requests.addTunnel(alice))).to.deep.equal({ addTunnel: { id, _unknownFields: {} } });
    expect(received(requests.removeTunnel(alice))).to.deep.equal({ removeTunnel: { id, _unknownFields: {} } });
  });

  it('say goodbye', () => {
    expect(received(requests.disconnect())).to.deep.equal({ disconnect: { _unknownFields: {} } });
  });

  it('acknowledge any number of peers', () => {
    const ids = [alice, bob].map((peer) => ({ id: uuidToBytes(peer), _unknownFields: {} }));
    expect(received(requests.readyForHandshake(alice, bob))).to.deep.equal({ readyForHandshake: ids });
    expect(received(requests.readyForHandshake())).to.deep.equal({});
  });

  it('are not made with an id that is none', () => {
    for (const make of [requests.addTunnel, requests.removeTunnel, requests.readyForHandshake]) {
      expect(() => make('bob')).to.throw(TypeError, /^not a UUID: "bob"$/);
    }
  });
});
