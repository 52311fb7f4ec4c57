import { Observable } from 'rxjs';
import { WebSocket } from 'ws';
import { webSocketGateway } from '../../src/gateways/index.js';
import { subprotocolNames } from '../../src/gateways/subprotocols.js';
import { gatewayContract } from '../../src/testing/index.js';
import { webSocketClient } from './webSocketClient.js';

for (const protocol of subprotocolNames) {
  gatewayContract(`webSocketGateway, speaking ${protocol},`, () =>
    Promise.resolve({
      gateway: (coordinator, drain$) => webSocketGateway(coordinator, { port: 0, drain$ }),
      client: (url) => webSocketClient(url, protocol),
      stranger$: (url) => webSocketClient(url, protocol).coordinate$('nobody'),
      babbler$: (url, peerId) =>
        new Observable((subscriber) => {
          const webSocket = new WebSocket(`${url}?id=${peerId}`, protocol);
          webSocket.once('open', () => webSocket.send(Buffer.from('nonsense'), { binary: protocol.endsWith('proto') }));
          webSocket.once('close', () => subscriber.complete());
        }),
    }),
  );
}
