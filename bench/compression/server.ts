// A server of WebSockets that may compress, and clients of it, for the command `compression`; told what to do by its parent.
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { collectGarbage } from '../measure/collectGarbage.js';
import { residentBytes } from '../measure/procStat.js';
import type { FromServer, ToServer } from './messages.js';
import { ways } from './ways.js';

const handshake = [
  'GET / HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Extensions: permessage-deflate',
  '\r\n',
].join('\r\n');

const serve = async ({ way, connections, message }: ToServer): Promise<void> => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: ways[way] });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const before = await settled();
  for (let count = 0; count < connections; count++) {
    const connected = once(server, 'connection') as Promise<[WebSocket]>;
    // It reads and understands nothing, so it costs the same whatever comes.
    connect(port, '127.0.0.1').resume().write(handshake);
    const [webSocket] = await connected;
    await new Promise((resolve) => {
      webSocket.send(message, resolve);
    });
  }
  const answer: FromServer = { kind: 'connected', before, after: await settled() };
  process.send?.(answer);
};

const settled = async (): Promise<number> => {
  await collectGarbage();
  return residentBytes();
};

process.once('message', (message: ToServer) => {
  void serve(message);
});
