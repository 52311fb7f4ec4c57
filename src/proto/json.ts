import { createFileRegistry, fromBinary, fromJson, toBinary, toJsonString } from '@bufbuild/protobuf';
import type { DescMessage, JsonValue } from '@bufbuild/protobuf';
import { base64Decode } from '@bufbuild/protobuf/wire';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { descriptors } from './gen/descriptors.js';
import { CoordinateRequest, CoordinateResponse } from './gen/tailnet.js';
import type { Node } from './gen/tailnet.js';

/** A message that could not be read from its JSON text; the text says where it went wrong. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
}

/**
 * Reads a request in proto3 JSON. Names may be written `updateSelf` or `update_self`; what is unknown is ignored;
 * bytes are base64, 64-bit numbers may be strings, NaN and the infinities are strings.
 *
 * @throws JsonError `not a CoordinateRequest in JSON: …`
 */
export function requestFromJson(text: string): CoordinateRequest {
  return CoordinateRequest.decode(toWire('CoordinateRequest', text));
}

/**
 * A request in proto3 JSON: lowerCamelCase names, nothing that is empty, no unknown fields, and no `asOf` outside of
 * the years 1 to 9999, for which JSON has no words.
 */
export function requestToJson(request: CoordinateRequest): string {
  const { updateSelf } = request;
  const said = updateSelf ? { ...request, updateSelf: { ...updateSelf, node: sayable(updateSelf.node) } } : request;
  return fromWire('CoordinateRequest', CoordinateRequest.encode(said).finish());
}

/**
 * Reads a response in proto3 JSON, as {@link requestFromJson} does.
 *
 * @throws JsonError `not a CoordinateResponse in JSON: …`
 */
export function responseFromJson(text: string): CoordinateResponse {
  return CoordinateResponse.decode(toWire('CoordinateResponse', text));
}

/** A response in proto3 JSON, as {@link requestToJson} writes it. */
export function responseToJson(response: CoordinateResponse): string {
  const peerUpdates = response.peerUpdates.map((update) => ({ ...update, node: sayable(update.node) }));
  return fromWire('CoordinateResponse', CoordinateResponse.encode({ ...response, peerUpdates }).finish());
}

/** From the start of the year 1 to the end of the year 9999. */
const [firstSecond, lastSecond] = [-62_135_596_800n, 253_402_300_799n];

type MessageName = 'CoordinateRequest' | 'CoordinateResponse';

// The generated types know the wire and the descriptors know the JSON names: the wire is the bridge between the two.
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, base64Decode(descriptors)));
const described: Record<MessageName, DescMessage> = {
  CoordinateRequest: describe('CoordinateRequest'),
  CoordinateResponse: describe('CoordinateResponse'),
};

function describe(name: MessageName): DescMessage {
  const message = registry.getMessage(`coder.tailnet.v2.${name}`);
  if (!message) throw new Error(`the descriptors lack ${name}: run "npm run generate"`);
  return message;
}

function toWire(name: MessageName, text: string): Uint8Array {
  try {
    const json = JSON.parse(text) as JsonValue;
    return toBinary(described[name], fromJson(described[name], json, { ignoreUnknownFields: true }));
  } catch (cause) {
    throw new JsonError(`not a ${name} in JSON: ${summary(cause)}`, { cause });
  }
}

function fromWire(name: MessageName, bytes: Uint8Array): string {
  return toJsonString(described[name], fromBinary(described[name], bytes));
}

/** The node without a time that cannot be written: one peer's odd clock must not end another peer's connection. */
function sayable(node: Node | undefined): Node | undefined {
  if (!node?.asOf) return node;
  const { seconds, nanos } = node.asOf;
  const isSayable = seconds >= firstSecond && seconds <= lastSecond && nanos >= 0 && nanos < 1_000_000_000;
  return isSayable ? node : { ...node, asOf: undefined };
}

/** The reason on one short line; it may quote what a stranger sent. */
function summary(cause: unknown): string {
  const text = (cause instanceof Error ? cause.message : String(cause)).replace(/\s+/g, ' ');
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
