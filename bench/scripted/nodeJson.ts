import type { Node } from 'tailnet-coordinator';
import { requestFromJson, requestToJson } from 'tailnet-coordinator/proto';
import { updateWith } from '../peers/nodeComposer.js';

/** A node as proto3 JSON with the field names of the .proto file. */
export const nodeToJson = (node: Node): Readonly<Record<string, unknown>> => {
  const { updateSelf } = JSON.parse(requestToJson(updateWith(node))) as {
    readonly updateSelf?: { readonly node?: Readonly<Record<string, unknown>> };
  };
  return Object.fromEntries(Object.entries(updateSelf?.node ?? {}).map(([name, value]) => [snakeCase(name), value]));
};

/**
 * Reads such a node; camel-case names are all right, too.
 *
 * @throws JsonError that says where it went wrong
 */
export const nodeFromJson = (json: Readonly<Record<string, unknown>>): Node => {
  const { updateSelf } = requestFromJson(JSON.stringify({ update_self: { node: json } }));
  if (updateSelf?.node === undefined) throw new TypeError('"node" must be an object');
  return updateSelf.node;
};

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
