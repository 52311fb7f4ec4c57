import { createEncoder } from '../proto/createEncoder.js';
import { CoordinateResponse } from '../proto/gen/tailnet.js';
import { requestFromBytes } from '../proto/requestFromBytes.js';
import { oncePerResponse } from './oncePerResponse.js';
import type { MessageCodec } from './wire.js';

/** Messages in protobuf: of WebSockets and of gRPC calls. What several peers are told is encoded once for all of them. */
export const protobufCodec: MessageCodec<Uint8Array> = {
  // A decoded message holds views of its input, and that is a view of all that the socket delivered at once. The copy
  // lets go of the rest.
  decode: (data) => requestFromBytes(new Uint8Array(data)),
  encode: oncePerResponse(createEncoder(CoordinateResponse)),
};
