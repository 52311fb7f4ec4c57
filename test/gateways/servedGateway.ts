import type { Coordinator } from '../../src/api.js';
import type { WebSocketGatewayOptions } from '../../src/gateways/index.js';
import { webSocketGateway } from '../../src/gateways/index.js';
import { ObservedGateway } from './observedGateway.js';

/** A WebSocket gateway that serves, on a port of its own unless the options say otherwise. */
export class ServedGateway extends ObservedGateway {
  constructor(coordinator: Pick<Coordinator, 'coordinate$'>, options: Partial<WebSocketGatewayOptions>) {
    super((drain$) => webSocketGateway(coordinator, { port: 0, ...options, drain$ } as WebSocketGatewayOptions));
  }

  static async start(
    coordinator: Pick<Coordinator, 'coordinate$'>,
    options: Partial<WebSocketGatewayOptions> = {},
  ): Promise<ServedGateway> {
    const gateway = new ServedGateway(coordinator, options);
    gateway.url = (await gateway.event('listening')).url;
    return gateway;
  }
}
