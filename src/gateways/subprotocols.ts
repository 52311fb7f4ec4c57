import { CoordinateRequest, CoordinateResponse } from '../proto/gen/tailnet.js';
import { createEncoder } from '../proto/createEncoder.js';
import { requestFromJson, responseToJson } from '../proto/json.js';
import { quote } from './quote.js';

/** How messages look on a WebSocket. */
export interface Subprotocol {
  /** What client and server agree on in `Sec-WebSocket-Protocol`. */
  readonly name: string;
  /** The frames it uses: binary or text ones. */
  readonly binary: boolean;
  /** Reads one message; throws when it is none. Keeps nothing of the buffer. */
  readonly decode: (data: Buffer) => CoordinateRequest;
  readonly encode: (response: CoordinateResponse) => Uint8Array | string;
}

const protobuf: Subprotocol = {
  name: 'tailnet.v2.proto',
  binary: true,
  // A decoded message holds views of its input, and that is a view of all that the socket delivered at once. The copy
  // lets go of the rest.
  decode: (data) => CoordinateRequest.decode(new Uint8Array(data)),
  encode: oncePerResponse(createEncoder(CoordinateResponse)),
};

const json: Subprotocol = {
  name: 'tailnet.v2.json',
  binary: false,
  decode: (data) => requestFromJson(data.toString('utf8')),
  encode: oncePerResponse(responseToJson),
};

const known: ReadonlyMap<string, Subprotocol> = new Map([protobuf, json].map((protocol) => [protocol.name, protocol]));

/** The names of all subprotocols, the default first. */
export const subprotocolNames: readonly string[] = [...known.keys()];

/**
 * The first subprotocol that a client offers and that is known here; `tailnet.v2.proto` if it offers none.
 *
 * @param header the request's `Sec-WebSocket-Protocol`
 * @throws RangeError when all that is offered is unknown; the text lists what is known
 */
export function chooseSubprotocol(header: string | undefined): Subprotocol {
  if (header === undefined) return protobuf;
  for (const name of header.split(',')) {
    const protocol = known.get(name.trim());
    if (protocol) return protocol;
  }
  throw new RangeError(
    `unknown WebSocket subprotocol ${quote(header)}: offer tailnet.v2.proto (the default) or tailnet.v2.json`,
  );
}

/**
 * Encodes a response that all watchers of a peer are told, one after the other, once. Only one that is frozen: another
 * one may have changed since.
 */
function oncePerResponse<Encoded>(
  encode: (response: CoordinateResponse) => Encoded,
): (response: CoordinateResponse) => Encoded {
  let last: { readonly response: CoordinateResponse; readonly encoded: Encoded } | undefined;
  return (response) => {
    if (last?.response === response) return last.encoded;
    const encoded = encode(response);
    last = Object.isFrozen(response) ? { response, encoded } : undefined;
    return encoded;
  };
}

/** One message as one buffer, as which `ws` delivers it unless told otherwise. */
export function bufferOf(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
