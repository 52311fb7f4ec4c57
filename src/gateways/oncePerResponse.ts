import type { CoordinateResponse } from '../proto/gen/tailnet.js';

/**
 * Encodes a response that all watchers of a peer are told, one after the other, once. Only one that is frozen: another
 * one may have changed since.
 */
export function oncePerResponse<Encoded>(
  encode: (response: CoordinateResponse) => Encoded,
): (response: CoordinateResponse) => Encoded {
  let last: { readonly response: CoordinateResponse; readonly encoded: Encoded } | undefined;
  return (response) => {
    if (last?.response === response) return last.encoded;
    const encoded = encode(response);
    last = Object.isFrozen(response) ? { response, encoded } : undefined;
    return encoded;
  };
}
