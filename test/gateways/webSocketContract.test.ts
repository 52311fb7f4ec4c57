import { Observable, Subject } from 'rxjs';
import { WebSocket } from 'ws';
import { identityFromQuery, webSocketGateway } from '../../src/gateways/index.js';
import type { Identify } from '../../src/gateways/index.js';
import { subprotocolNames } from '../../src/gateways/subprotocols.js';
import { CoordinateRequest, requestToJson, requests } from '../../src/proto/index.js';
import { dave, gatewayContract } from '../../src/testing/index.js';
import { rawSocket, upgradeRequest } from './peerSocket.js';
import { webSocketClient } from './webSocketClient.js';

/** Longer than this no message may be, and no wait. */
const limits = {
  // The contract has nodes of 256 KiB, which are JSON, too, here.
  ...{ maxMessageSize: 512 * 1024, maxJsonMessageSize: 512 * 1024 },
  ...{ handshakeTimeout: 1000, closeTimeout: 2000 },
};

/** A frame of less than 126 bytes, masked with zeros. */
const frame = (opcode: number, payload: Uint8Array) =>
  Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0, ...payload]);

for (const protocol of subprotocolNames) {
  const isBinary = protocol.endsWith('proto');
  const request = requests.updateSelf({ preferredDerp: 3 });
  const said = isBinary ? CoordinateRequest.encode(request).finish() : Buffer.from(requestToJson(request));

  const sending = (url: string, peerId: string, message: Buffer) =>
    new Observable<never>((subscriber) => {
      const webSocket = new WebSocket(`${url}?id=${peerId}`, protocol);
      webSocket.once('open', () => webSocket.send(message, { binary: isBinary }));
      webSocket.once('close', () => subscriber.complete());
    });

  gatewayContract(`webSocketGateway, speaking ${protocol},`, () => {
    const ends$ = new Subject<string>();
    const identify: Identify = (asked) => ({
      ...identityFromQuery(asked),
      ...(asked.url?.includes('&ends=') === true && { ends$ }),
    });
    return Promise.resolve({
      gateway: (coordinator, drain$) => webSocketGateway(coordinator, { port: 0, drain$, identify, limits }),
      client: (url) => webSocketClient(url, protocol),
      stranger$: (url) => webSocketClient(url, protocol).coordinate$('nobody'),
      restricted: (url) => webSocketClient(url, protocol, `&role=client&agent=${dave}`),
      ending: (url) => ({
        ...webSocketClient(url, protocol, '&ends=1'),
        end: (reason) => ends$.next(reason),
      }),
      babbler$: (url, peerId) => sending(url, peerId, Buffer.from('nonsense')),
      rambler$: (url, peerId) => sending(url, peerId, Buffer.alloc(limits.maxMessageSize + 1)),
      silent$: (url) =>
        new Observable((subscriber) => {
          void rawSocket(url).answer.then(() => subscriber.complete());
        }),
      chatterer$: (url, peerId) =>
        new Observable((subscriber) => {
          const { socket, answer } = rawSocket(url);
          const opcode = isBinary ? 2 : 1;
          const path = `${new URL(url).pathname}?id=${peerId}`;
          socket.write(`${upgradeRequest(path, `Sec-WebSocket-Protocol: ${protocol}`)}\r\n`);
          socket.write(frame(opcode, Buffer.from('nonsense')));
          // Whatever it is told, a frame that closes included.
          socket.on('data', () => socket.write(frame(opcode, said)));
          const talking = setInterval(() => socket.write(frame(opcode, said)), 50);
          void answer.then(() => subscriber.complete());
          return () => {
            clearInterval(talking);
            socket.destroy();
          };
        }),
    });
  });
}
