import type { CoordinateRequest } from '../proto/gen/tailnet.js';

/** Counts the tunnels that one connection has opened and not closed. */
export class TunnelQuota {
  readonly #max: number;
  /** Most connections open few tunnels or none. An id is kept as sixteen one-byte characters. */
  #open: Set<string> | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  /** Takes note of a request. False: it would open one tunnel too many. */
  admits(request: CoordinateRequest): boolean {
    const { addTunnel, removeTunnel } = request;
    if (addTunnel) {
      this.#open ??= new Set();
      this.#open.add(key(addTunnel.id));
      if (this.#open.size > this.#max) return false;
    }
    if (removeTunnel && this.#open) this.#open.delete(key(removeTunnel.id));
    return true;
  }
}

function key(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1');
}
