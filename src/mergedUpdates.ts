import type { CoordinateResponse, CoordinateResponse_PeerUpdate as PeerUpdate } from './proto/gen/tailnet.js';
import { PeerUpdateKind, peerIdOf, updatesResponse } from './proto/responses.js';

/** What was told while nobody listened. It holds what each peer has become, not what it was in between. */
export class MergedUpdates {
  readonly #updates = new Map<string, PeerUpdate>();

  add({ peerUpdates }: CoordinateResponse): void {
    for (const update of peerUpdates) {
      const isReady = update.kind === PeerUpdateKind.READY_FOR_HANDSHAKE;
      const key = `${peerIdOf(update)}${isReady ? ' is ready' : ''}`;
      // What came last stands last.
      this.#updates.delete(key);
      this.#updates.set(key, update);
    }
  }

  /** All of it in one response, and then it is not held any more; undefined if there is nothing. */
  take(): CoordinateResponse | undefined {
    if (this.#updates.size === 0) return undefined;
    const response = updatesResponse([...this.#updates.values()]);
    this.#updates.clear();
    return response;
  }
}
