import type { CoordinateResponse, CoordinateResponse_PeerUpdate } from '../proto/gen/tailnet.js';
import { PeerUpdateKind, peerIdOf } from '../proto/responses.js';
import { nameOf } from './cast.js';

/**
 * What a response says, in words to compare with: one line per update, in the order of the response.
 *
 * ```ts
 * describeUpdates(response) // ['bob NODE derp 2 (new)', 'carol LOST derp 3 (lost)', 'dave DISCONNECTED (disconnected)']
 * describeUpdates(last)     // ['error: coordinator closed']
 * ```
 */
export const describeUpdates = ({ peerUpdates, error }: CoordinateResponse): readonly string[] => [
  ...peerUpdates.map(describeUpdate),
  ...(error === '' ? [] : [`error: ${error}`]),
];

/** One update in words: `bob NODE derp 2 (new)`. */
export const describeUpdate = (update: CoordinateResponse_PeerUpdate): string =>
  [
    nameOf(peerIdOf(update)),
    kindOf(update),
    ...(update.node ? [`derp ${String(update.node.preferredDerp)}`] : []),
    ...(update.reason === '' ? [] : [`(${update.reason})`]),
  ].join(' ');

const kindOf = ({ kind }: CoordinateResponse_PeerUpdate): string =>
  Object.entries(PeerUpdateKind).find(([, value]) => value === kind)?.[0] ?? `kind ${String(kind)}`;

/** Whether something is a response of a coordinator. */
export const isResponse = (value: unknown): value is CoordinateResponse =>
  typeof value === 'object' && value !== null && 'peerUpdates' in value && Array.isArray(value.peerUpdates);
