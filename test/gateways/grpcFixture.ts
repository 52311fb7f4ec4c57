import type { CallOptions, Client } from '@grpc/grpc-js';
import { grpcGateway } from '../../src/gateways/index.js';
import type { GrpcCoordinator, GrpcGatewayOptions } from '../../src/gateways/index.js';
import { FakeCoordinator } from './fakeCoordinator.js';
import { alice } from './gatewayFixture.js';
import { ObservedGateway } from './observedGateway.js';
import { grpcClient, PeerCall } from './peerCall.js';

/** A gRPC gateway that serves, on a port of its own unless the options say otherwise. */
export class ServedGrpcGateway extends ObservedGateway {
  constructor(coordinator: GrpcCoordinator, options: Partial<GrpcGatewayOptions>) {
    super((drain$) => grpcGateway(coordinator, { port: 0, ...options, drain$ } as GrpcGatewayOptions));
  }

  static async start(
    coordinator: GrpcCoordinator,
    options: Partial<GrpcGatewayOptions> = {},
  ): Promise<ServedGrpcGateway> {
    const gateway = new ServedGrpcGateway(coordinator, options);
    gateway.url = (await gateway.event('listening')).url;
    return gateway;
  }
}

/** What a test about a gRPC gateway needs. All of it is gone after the test. */
export class GrpcFixture {
  readonly coordinator = new FakeCoordinator();
  readonly #gateways: ServedGrpcGateway[] = [];
  readonly #clients: Client[] = [];

  async serve(options: Partial<GrpcGatewayOptions> = {}, coordinator: GrpcCoordinator = this.coordinator) {
    const gateway = await ServedGrpcGateway.start(coordinator, options);
    this.#gateways.push(gateway);
    return gateway;
  }

  /** A client with a socket of its own. */
  client({ url }: ServedGrpcGateway): Client {
    const client = grpcClient(url);
    this.#clients.push(client);
    return client;
  }

  /** Closes a client after the test. */
  adopt(client: Client): void {
    this.#clients.push(client);
  }

  /** A call that need not be let in. */
  call(
    gateway: ServedGrpcGateway,
    metadata: Readonly<Record<string, string>> = { 'x-peer-id': alice },
    { client = this.client(gateway), ...options }: CallOptions & { readonly client?: Client } = {},
  ): PeerCall {
    return new PeerCall(client, metadata, options);
  }

  /** A peer that was let in. */
  async join(gateway: ServedGrpcGateway, id = alice, client?: Client): Promise<PeerCall> {
    const peer = this.call(gateway, { 'x-peer-id': id }, client && { client });
    await peer.opened;
    return peer;
  }

  end(): void {
    for (const client of this.#clients) client.close();
    for (const { subscription } of this.#gateways) subscription.unsubscribe();
  }
}
