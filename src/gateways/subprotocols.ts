import { requestFromJson, responseToJson } from '../proto/json.js';
import { oncePerResponse } from './oncePerResponse.js';
import { protobufCodec } from './protobufCodec.js';
import { quote } from './quote.js';
import type { MessageCodec } from './wire.js';

/** How messages look on a WebSocket. */
export interface Subprotocol extends MessageCodec<Uint8Array | string> {
  /** What client and server agree on in `Sec-WebSocket-Protocol`. */
  readonly name: string;
  /** The frames it uses: binary or text ones. */
  readonly binary: boolean;
}

const protobuf: Subprotocol = { name: 'tailnet.v2.proto', binary: true, ...protobufCodec };

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

/** One message as one buffer, as which `ws` delivers it unless told otherwise. */
export function bufferOf(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
