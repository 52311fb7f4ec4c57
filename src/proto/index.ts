/**
 * The wire protocol: messages and codecs generated from `tailnet.proto`, and what spares their users the raw bytes.
 *
 * The file itself is `tailnet-coordinator/proto/tailnet.proto`.
 *
 * @packageDocumentation
 */
export {
  CoordinateRequest,
  CoordinateRequest_Disconnect,
  CoordinateRequest_ReadyForHandshake,
  CoordinateRequest_Tunnel,
  CoordinateRequest_UpdateSelf,
  CoordinateResponse,
  CoordinateResponse_PeerUpdate,
  CoordinateResponse_PeerUpdate_Kind,
  Node,
  TailnetDefinition,
} from './gen/tailnet.js';
export type { DeepPartial, MessageFns } from './gen/tailnet.js';
export { Timestamp } from './gen/google/protobuf/timestamp.js';
export { descriptors } from './gen/descriptors.js';
export {
  JsonError,
  nodeFromJson,
  nodeToJson,
  requestFromJson,
  requestToJson,
  responseFromJson,
  responseToJson,
} from './json.js';
export { decodeNode, encodeNode, nodeSignature, sameEncodedNode, sameNode } from './node.js';
export { requestFromBytes } from './requestFromBytes.js';
export { requests } from './requests.js';
export {
  chunkUpdates,
  closeErrors,
  errorResponse,
  PeerUpdateKind,
  peerIdOf,
  peerUpdateKindName,
  updatesResponse,
} from './responses.js';
export { isUuid, nilUuid, parseUuid, uuidFromBytes, uuidToBytes } from './uuid.js';
export type { Uuid } from './uuid.js';
export { parseRequest, RequestError, validateRequest } from './validate.js';
export type { ParsedRequest } from './validate.js';
