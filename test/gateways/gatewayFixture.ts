import { once } from 'node:events';
import type { ClientOptions } from 'ws';
import type { WebSocketGatewayOptions } from '../../src/gateways/index.js';
import type { CoordinateResponse } from '../../src/proto/gen/tailnet.js';
import { PeerUpdateKind, updatesResponse } from '../../src/proto/responses.js';
import { uuidToBytes } from '../../src/proto/uuid.js';
import { FakeCoordinator } from './fakeCoordinator.js';
import { PeerSocket } from './peerSocket.js';
import { ServedGateway } from './servedGateway.js';

export const alice = 'a11ce000-0000-4000-8000-000000000001';
export const bob = 'b0b00000-0000-4000-8000-000000000002';
export const carol = 'ca401000-0000-4000-8000-000000000003';

/** A response that carries one update about Bob, with this reason. */
export function response(reason = 'new'): CoordinateResponse {
  return updatesResponse([{ id: uuidToBytes(bob), kind: PeerUpdateKind.NODE, node: undefined, reason }]);
}

/** What a test about a gateway needs. All of it is gone after the test. */
export class GatewayFixture {
  readonly coordinator = new FakeCoordinator();
  readonly #gateways: ServedGateway[] = [];
  readonly #peers: PeerSocket[] = [];

  /** A gateway of this fixture's coordinator, on a port of its own unless the options say otherwise. */
  async serve(options: Partial<WebSocketGatewayOptions> = {}): Promise<ServedGateway> {
    const gateway = await ServedGateway.start(this.coordinator, options);
    this.#gateways.push(gateway);
    return gateway;
  }

  /** A peer that has connected. */
  async join(
    { url }: ServedGateway,
    query = `id=${alice}`,
    protocols?: string[],
    options?: ClientOptions,
  ): Promise<PeerSocket> {
    const peer = new PeerSocket(`${url}?${query}`, protocols, options);
    this.#peers.push(peer);
    await once(peer.webSocket, 'open');
    return peer;
  }

  async end(): Promise<void> {
    for (const { webSocket } of this.#peers) webSocket.terminate();
    await Promise.all(this.#peers.map(({ closed }) => closed));
    for (const { subscription } of this.#gateways) subscription.unsubscribe();
  }
}
