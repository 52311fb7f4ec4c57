import { CopyingReader } from '../proto/copyingReader.js';
import { CoordinateResponse } from '../proto/gen/tailnet.js';
import { peerIdOf } from '../proto/responses.js';

/**
 * What the coordinator says. It keeps nothing of the bytes.
 *
 * @throws Error if it is nonsense: no message at all, or about somebody without an id
 */
export function readResponse(bytes: Uint8Array): CoordinateResponse {
  const response = CoordinateResponse.decode(new CopyingReader(bytes));
  response.peerUpdates.forEach(peerIdOf);
  return response;
}

/** Why a connection is given up over which this came. */
export function unreadable(cause: unknown): string {
  return `unreadable response, is that a coordinator? ${cause instanceof Error ? cause.message : String(cause)}`;
}
