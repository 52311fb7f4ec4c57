import { createFileRegistry, fromBinary, fromJson, toBinary, toJsonString } from '@bufbuild/protobuf';
import type { DescMessage, JsonValue } from '@bufbuild/protobuf';
import { base64Decode } from '@bufbuild/protobuf/wire';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { descriptors } from './gen/descriptors.js';
import { CoordinateRequest, CoordinateResponse } from './gen/tailnet.js';
import type { Node } from './gen/tailnet.js';
import type { Timestamp } from './gen/google/protobuf/timestamp.js';
import { decodeNode, encodeNode } from './node.js';
import { RequestError, maxReadyForHandshake, tooManyEntries } from './validate.js';

/** A message that could not be read from its JSON text; the text says where it went wrong. */
export class JsonError extends Error {
  /** `JsonError`. */
  override readonly name = 'JsonError';
}

/**
 * Reads a request in proto3 JSON. Names may be written `updateSelf` or `update_self`; what is unknown is ignored;
 * bytes are base64, 64-bit numbers may be strings, NaN and the infinities are strings.
 *
 * @throws JsonError `not a CoordinateRequest in JSON: …`
 * @throws RequestError `ready_for_handshake has more than 1024 entries: send several requests`
 */
export function requestFromJson(text: string): CoordinateRequest {
  return CoordinateRequest.decode(toWire('CoordinateRequest', text, checkEntries));
}

/**
 * A request in proto3 JSON: lowerCamelCase names, nothing that is empty, no unknown fields, and no `asOf` outside of
 * the years 1 to 9999, for which JSON has no words.
 */
export function requestToJson(request: CoordinateRequest): string {
  const { updateSelf, disconnect, addTunnel, removeTunnel, readyForHandshake } = request;
  const said: CoordinateRequest = {
    updateSelf: updateSelf && { node: sayable(updateSelf.node) },
    disconnect: disconnect && {},
    addTunnel: addTunnel && { id: addTunnel.id },
    removeTunnel: removeTunnel && { id: removeTunnel.id },
    readyForHandshake: readyForHandshake.map(({ id }) => ({ id })),
  };
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
  const { peerUpdates, error } = response;
  const said: CoordinateResponse = {
    peerUpdates: peerUpdates.map(({ id, node, kind, reason }) => ({ id, node: sayable(node), kind, reason })),
    error,
  };
  return fromWire('CoordinateResponse', CoordinateResponse.encode(said).finish());
}

/**
 * Reads a node in proto3 JSON, as {@link requestFromJson} does.
 *
 * @throws JsonError `not a Node in JSON: …`
 */
export function nodeFromJson(text: string): Node {
  return decodeNode(toWire('Node', text));
}

/** A node in proto3 JSON, as {@link requestToJson} writes it. */
export function nodeToJson(node: Node): string {
  return fromWire('Node', encodeNode(sayableNode(node)));
}

/** From the start of the year 1 to the end of the year 9999. */
const [firstSecond, lastSecond] = [-62_135_596_800n, 253_402_300_799n];

type MessageName = 'CoordinateRequest' | 'CoordinateResponse' | 'Node';

// The generated types know the wire and the descriptors know the JSON names: the wire is the bridge between the two.
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, base64Decode(descriptors)));
const described: Record<MessageName, DescMessage> = {
  CoordinateRequest: describe('CoordinateRequest'),
  CoordinateResponse: describe('CoordinateResponse'),
  Node: describe('Node'),
};

function describe(name: MessageName): DescMessage {
  const message = registry.getMessage(`coder.tailnet.v2.${name}`);
  if (!message) throw new Error(`the descriptors lack ${name}: run "npm run generate"`);
  return message;
}

function toWire(name: MessageName, text: string, check: (json: JsonValue) => void = () => undefined): Uint8Array {
  try {
    const json = JSON.parse(text) as JsonValue;
    check(json);
    return toBinary(described[name], fromJson(described[name], json, { ignoreUnknownFields: true }));
  } catch (cause) {
    if (cause instanceof RequestError) throw cause;
    throw new JsonError(`not a ${name} in JSON: ${summary(cause)}`, { cause });
  }
}

/** Before objects are made of them, which takes a hundred times as long as to read their text. */
function checkEntries(json: JsonValue): void {
  const { readyForHandshake, ready_for_handshake: snakeCase } = (json ?? {}) as Record<string, unknown>;
  for (const entries of [readyForHandshake, snakeCase]) {
    if (Array.isArray(entries) && entries.length > maxReadyForHandshake) throw new RequestError(tooManyEntries);
  }
}

function fromWire(name: MessageName, bytes: Uint8Array): string {
  return toJsonString(described[name], fromBinary(described[name], bytes));
}

/**
 * The node without what JSON cannot say: fields that nobody knows (among them, known ones of the wrong type) and times
 * out of bounds. What one peer sends must never be what another peer's connection fails on.
 */
function sayableNode(node: Node): Node {
  return { ...node, asOf: sayableTime(node.asOf), _unknownFields: {} };
}

function sayable(node: Node | undefined): Node | undefined {
  return node && sayableNode(node);
}

function sayableTime(time: Timestamp | undefined): Timestamp | undefined {
  if (!time) return undefined;
  const { seconds, nanos } = time;
  const isSayable = seconds >= firstSecond && seconds <= lastSecond && nanos >= 0 && nanos < 1_000_000_000;
  return isSayable ? { seconds, nanos } : undefined;
}

/** The reason on one short line; it may quote what a stranger sent. */
function summary(cause: unknown): string {
  const text = (cause instanceof Error ? cause.message : String(cause)).replace(/\s+/g, ' ');
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
