import type { Node } from '../proto/gen/tailnet.js';
import { nodeToJson } from '../proto/json.js';
import type { WatchUpdate } from '../api.js';
import { eventText } from './eventStream.js';

/** What all watchers of a peer are told is put into words once. Only what is frozen: another node may have changed since. */
const inJson = new WeakMap<Node, string>();

/**
 * An update as a server-sent event, named like its kind: `node` and `lost` with the node in proto3 JSON as their data,
 * `disconnected` with `{}`, `closed` with `{"reason":"…"}`.
 */
export function watchEvent(update: WatchUpdate): string {
  return eventText(update.kind, dataOf(update));
}

function dataOf(update: WatchUpdate): string {
  switch (update.kind) {
    case 'node':
    case 'lost':
      return jsonOf(update.node);
    case 'disconnected':
      return '{}';
    case 'closed':
      return JSON.stringify({ reason: update.reason });
  }
}

function jsonOf(node: Node): string {
  const known = inJson.get(node);
  if (known !== undefined) return known;
  const json = nodeToJson(node);
  if (Object.isFrozen(node)) inJson.set(node, json);
  return json;
}
