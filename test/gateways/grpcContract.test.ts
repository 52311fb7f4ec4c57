import { concat, NEVER, of } from 'rxjs';
import { grpcGateway } from '../../src/gateways/index.js';
import { requests } from '../../src/proto/requests.js';
import { gatewayContract } from '../../src/testing/index.js';
import { grpcCoordinator } from './grpcCoordinator.js';

gatewayContract('grpcGateway', () =>
  Promise.resolve({
    gateway: (coordinator, drain$) => grpcGateway(coordinator, { port: 0, drain$ }),
    client: (url) => grpcCoordinator(url),
    stranger$: (url) => grpcCoordinator(url).coordinate$('nobody'),
    babbler$: (url, peerId) =>
      grpcCoordinator(url, () => Buffer.from('nonsense')).coordinate$(peerId, concat(of(requests.disconnect()), NEVER)),
  }),
);
