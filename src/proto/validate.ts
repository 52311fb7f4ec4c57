import type { CoordinateRequest, Node } from './gen/tailnet.js';
import { isUuid, nilUuid, uuidFromBytes } from './uuid.js';
import type { Uuid } from './uuid.js';

/** What is wrong with a request; its message is told to the peer. */
export class RequestError extends Error {
  /** `RequestError`. */
  override readonly name = 'RequestError';
}

/** Entries of `ready_for_handshake` in one request: one for each update of the largest response. */
export const maxReadyForHandshake = 1024;

/** What is wrong with a request that has more of them. */
export const tooManyEntries = `ready_for_handshake has more than ${String(maxReadyForHandshake)} entries: send several requests`;

/** What a request asks for. */
export interface ParsedRequest {
  /** The node to publish. */
  readonly node: Node | undefined;
  /** The peer to open a tunnel to. */
  readonly addTunnel: Uuid | undefined;
  /** The peer to close the tunnel to. */
  readonly removeTunnel: Uuid | undefined;
  /** Leave for good. */
  readonly disconnect: boolean;
  /** The peers to tell that this one is ready; none if the request says goodbye. */
  readonly readyForHandshake: readonly Uuid[];
}

/** What has a value in a message that did not come out of our own decoder: anything may be missing. */
type Untyped<T> = T extends readonly (infer Item)[]
  ? readonly Untyped<Item>[] | null | undefined
  : T extends Uint8Array | bigint | string | number
    ? T
    : T extends object
      ? { readonly [Key in keyof T]?: Untyped<T[Key]> | null | undefined } | null | undefined
      : T;

/**
 * Checks the shape of a request, before it is authorised and before any of it takes effect. Returns what is wrong,
 * or nothing: `coordinate request is required`, `update_self node is required`,
 * `ready_for_handshake has more than 1024 entries: send several requests` or
 * `ready_for_handshake entries must not be nil`. An empty request and an empty node are all right.
 *
 * Callers without types get the same answers for null and missing values.
 */
export function validateRequest(request: CoordinateRequest | null | undefined): string | undefined {
  const untyped: Untyped<CoordinateRequest> = request;
  if (!untyped) return 'coordinate request is required';
  const { updateSelf, readyForHandshake } = untyped;
  if (updateSelf && !updateSelf.node) return 'update_self node is required';
  if (readyForHandshake && readyForHandshake.length > maxReadyForHandshake) return tooManyEntries;
  if (readyForHandshake?.some((entry) => !entry)) return 'ready_for_handshake entries must not be nil';
  return undefined;
}

/**
 * Reads a request that was validated and authorised, all of it before any part takes effect.
 *
 * @throws RequestError `add_tunnel: a peer id has 16 bytes, got 3` (or `remove_tunnel: …`, `ready_for_handshake: …`; `got none`)
 * @throws RequestError `add_tunnel: a peer id has 16 bytes, got 27, which are the text of a UUID; in JSON it is the base64 of the 16 bytes`
 * @throws RequestError `tunnel destination must not be the nil UUID`
 * @throws RequestError `update_self: field 4 of the node has the wrong type`
 */
export function parseRequest(request: CoordinateRequest): ParsedRequest {
  const { updateSelf, addTunnel, removeTunnel } = request;
  const disconnect = Boolean(request.disconnect);
  const node = updateSelf?.node ?? undefined;
  if (node) checkTypes(node);
  const entries = (request as Partial<CoordinateRequest>).readyForHandshake ?? [];
  return {
    node,
    addTunnel: addTunnel ? destination('add_tunnel', addTunnel.id) : undefined,
    removeTunnel: removeTunnel ? destination('remove_tunnel', removeTunnel.id) : undefined,
    disconnect,
    readyForHandshake: disconnect ? [] : entries.map(({ id }) => peerId('ready_for_handshake', id)),
  };
}

/** The numbers of the fields of a node, and of a time, go from 1 to this. */
const lastField = { node: 10, time: 2 } as const;

/**
 * A known field of another type is kept like an unknown one, and passed on. Decoders that go by the number alone stumble
 * over it: those of other peers, who have not done anything.
 */
function checkTypes({ _unknownFields: unknown, asOf }: Node): void {
  checkNumbers(unknown, lastField.node, 'the node');
  checkNumbers(asOf?._unknownFields, lastField.time, 'as_of');
}

function checkNumbers(unknown: Node['_unknownFields'], last: number, where: string): void {
  for (const tag in unknown) {
    const number = Number(tag) >>> 3;
    if (number <= last) {
      throw new RequestError(`update_self: field ${String(number)} of ${where} has the wrong type`);
    }
  }
}

/** The nil UUID is nobody's: inside a coordinator of the reference system it stands for "all". */
function destination(part: string, id: Uint8Array): Uuid {
  const uuid = peerId(part, id);
  if (uuid === nilUuid) throw new RequestError('tunnel destination must not be the nil UUID');
  return uuid;
}

/** As it stands in a message of protobuf; or in one of JSON, where it passes for the base64 of 27 bytes. */
function isUuidInText(id: Uint8Array): boolean {
  return isUuid(Buffer.from(id).toString(id.length === 27 ? 'base64url' : 'latin1'));
}

function peerId(part: string, id: Untyped<Uint8Array> | null | undefined): Uuid {
  if (!ArrayBuffer.isView(id)) throw new RequestError(`${part}: a peer id has 16 bytes, got none`);
  if (id.length !== 16) {
    const hint = isUuidInText(id) ? ', which are the text of a UUID; in JSON it is the base64 of the 16 bytes' : '';
    throw new RequestError(`${part}: a peer id has 16 bytes, got ${String(id.length)}${hint}`);
  }
  return uuidFromBytes(id);
}
