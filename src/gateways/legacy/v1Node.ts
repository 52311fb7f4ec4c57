import { isSafeNumber, parse } from 'lossless-json';
import { parseIpPrefix } from '../../auth/ipPrefix.js';
import type { Node } from '../../proto/gen/tailnet.js';
import { nodeFromJson } from '../../proto/json.js';
import { quote } from '../quote.js';
import { noTime, v1Time } from './v1Time.js';

/** How V1 writes keys, and those that are not set. */
const nodeKey = /^nodekey:([0-9a-f]{64})$/i;
const discoKey = /^discokey:[0-9a-f]{64}$/i;
const zeros = '0'.repeat(64);

/** What stands before the 32 bytes of a key in protobuf. */
const keyPrefix = Buffer.from('np');
const keySize = 34;

/**
 * Reads a node as V1 writes it: a JSON object with the names of Go's structure. What is null or left out is not set; a key
 * that is not set is a key of zeros. Unknown names are ignored.
 *
 * It is read by way of proto3 JSON, which says what is wrong with it.
 *
 * @throws SyntaxError that says where it is no JSON
 * @throws TypeError `key must be "nodekey:" and 64 hexadecimal digits, got …` and its like
 * @throws JsonError `not a Node in JSON: …`
 */
export function nodeFromV1(text: string): Node {
  const object = parse(text, null, exactNumber);
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    throw new TypeError('a node is a JSON object');
  }
  const named: Readonly<Record<string, unknown>> = { ...object };
  const { id, as_of: asOf, key, disco, preferred_derp, derp_latency, addresses, allowed_ips, endpoints } = named;
  const said = {
    id: typeof id === 'bigint' ? String(id) : id,
    asOf: asOf === noTime ? null : asOf,
    key: Buffer.concat([keyPrefix, Buffer.from(hexOfKey(key), 'hex')]).toString('base64'),
    disco: discoOf(disco),
    ...{ preferred_derp, derp_latency, addresses, allowed_ips, endpoints },
    derp_forced_websocket: named['derp_forced_websockets'],
  };
  return nodeFromJson(
    JSON.stringify(said, (_name, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  );
}

/**
 * A node as V1 writes it. Undefined if V1 has no words for it: who reads it would stumble over a key that is none or is not
 * set, or over an address. Numbers that are none, in the latencies, are left out.
 */
export function nodeToV1(node: Node): string | undefined {
  const key = keyToV1(node.key);
  const prefixes = [...node.addresses, ...node.allowedIps];
  if (key === undefined || !discoKey.test(node.disco) || !prefixes.every((prefix) => parseIpPrefix(prefix)))
    return undefined;
  const rest = {
    as_of: v1Time(node.asOf),
    key,
    disco: node.disco,
    preferred_derp: node.preferredDerp,
    derp_latency: mapToV1(Object.entries(node.derpLatency).filter(([, seconds]) => Number.isFinite(seconds))),
    derp_forced_websockets: mapToV1(Object.entries(node.derpForcedWebsocket)),
    addresses: listToV1(node.addresses),
    allowed_ips: listToV1(node.allowedIps),
    endpoints: listToV1(node.endpoints),
  };
  // All 64 bits of it, which a number of JavaScript does not have.
  return `{"id":${String(node.id)},${JSON.stringify(rest).slice(1)}`;
}

/** A number of JavaScript if that is the same number, and the digits if not. */
function exactNumber(digits: string): number | bigint {
  // A longer one has more than 64 bits, and takes a `BigInt` time in the square of its length.
  if (/^-?\d{1,20}$/.test(digits) && !isSafeNumber(digits)) return BigInt(digits);
  const number = Number(digits);
  if (!Number.isFinite(number)) throw new SyntaxError(`number out of range: ${digits.slice(0, 32)}`);
  return number;
}

function hexOfKey(key: unknown): string {
  if (key === undefined || key === null) return zeros;
  const [, hex] = (typeof key === 'string' ? nodeKey.exec(key) : undefined) ?? [];
  if (hex === undefined) throw new TypeError(`key must be "nodekey:" and 64 hexadecimal digits, got ${described(key)}`);
  return hex;
}

function discoOf(disco: unknown): string {
  if (disco === undefined || disco === null) return `discokey:${zeros}`;
  if (typeof disco === 'string' && discoKey.test(disco)) return disco.toLowerCase();
  throw new TypeError(`disco must be "discokey:" and 64 hexadecimal digits, got ${described(disco)}`);
}

function described(value: unknown): string {
  return typeof value === 'string' ? quote(value) : typeof value;
}

function keyToV1(key: Uint8Array): string | undefined {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  if (bytes.length !== keySize || !bytes.subarray(0, keyPrefix.length).equals(keyPrefix)) return undefined;
  return `nodekey:${bytes.toString('hex', keyPrefix.length)}`;
}

function listToV1(items: readonly string[]): readonly string[] | null {
  return items.length === 0 ? null : items;
}

function mapToV1<T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> | null {
  return entries.length === 0 ? null : Object.fromEntries(entries);
}
