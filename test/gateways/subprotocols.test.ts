import { expect } from 'chai';
import { chooseSubprotocol, subprotocolNames } from '../../src/gateways/subprotocols.js';
import { CoordinateRequest, CoordinateResponse } from '../../src/proto/gen/tailnet.js';
import { requests } from '../../src/proto/requests.js';
import { errorResponse } from '../../src/proto/responses.js';
import { uuidToBytes } from '../../src/proto/uuid.js';

const bob = 'b0b00000-0000-4000-8000-000000000002';

describe('chooseSubprotocol', () => {
  it('speaks protobuf when nothing is offered', () => {
    expect(chooseSubprotocol(undefined).name).to.equal('tailnet.v2.proto');
  });

  for (const [offer, name] of [
    ['tailnet.v2.proto', 'tailnet.v2.proto'],
    ['tailnet.v2.json', 'tailnet.v2.json'],
    ['tailnet.v2.json, tailnet.v2.proto', 'tailnet.v2.json'],
    ['tailnet.v2.proto,tailnet.v2.json', 'tailnet.v2.proto'],
    ['tailnet.v3.proto, tailnet.v2.json', 'tailnet.v2.json'],
  ] as const) {
    it(`chooses ${name} from "${offer}"`, () => {
      expect(chooseSubprotocol(offer).name).to.equal(name);
    });
  }

  for (const offer of ['graphql-ws', 'tailnet.v2', 'TAILNET.V2.JSON', '']) {
    it(`knows nothing in "${offer}"`, () => {
      expect(() => chooseSubprotocol(offer)).to.throw(
        RangeError,
        `unknown WebSocket subprotocol "${offer}": offer tailnet.v2.proto (the default) or tailnet.v2.json`,
      );
    });
  }

  it('lists the default first', () => {
    expect(subprotocolNames).to.deep.equal(['tailnet.v2.proto', 'tailnet.v2.json']);
  });
});

describe('the protobuf subprotocol', () => {
  const { decode, encode } = chooseSubprotocol('tailnet.v2.proto');

  it('reads what it is given, and holds on to nothing else', () => {
    const encoded = CoordinateRequest.encode(requests.addTunnel(bob)).finish();
    const chunk = Buffer.alloc(1000);
    chunk.set(encoded, 500);
    const request = decode(chunk.subarray(500, 500 + encoded.length));
    chunk.fill(0);
    expect(request.addTunnel?.id).to.deep.equal(uuidToBytes(bob));
    expect(request.addTunnel?.id.buffer.byteLength).to.equal(encoded.length);
  });

  it('writes responses', () => {
    const encoded = encode(errorResponse('no'));
    expect(encoded).to.be.instanceOf(Uint8Array);
    expect(CoordinateResponse.decode(encoded as Uint8Array).error).to.equal('no');
  });
});
