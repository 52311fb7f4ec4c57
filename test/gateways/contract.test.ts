import { Metadata } from '@grpc/grpc-js';
import { ReplaySubject } from 'rxjs';
import { WebSocket } from 'ws';
import { grpcGateway, tailnetService, webSocketGateway } from '../../src/gateways/index.js';
import { CoordinateRequest, CoordinateResponse } from '../../src/proto/gen/tailnet.js';
import { requestToJson, responseFromJson } from '../../src/proto/json.js';
import { gatewayContract } from '../../src/testing/index.js';
import type { ConnectedPeer, Introduction } from '../../src/testing/index.js';
import { grpcClient } from './peerCall.js';

async function webSocketPeer(
  url: string,
  introduction: Introduction,
  subprotocol: 'tailnet.v2.proto' | 'tailnet.v2.json',
): Promise<ConnectedPeer> {
  const isJson = subprotocol === 'tailnet.v2.json';
  const webSocket = new WebSocket(`${url}?${String(new URLSearchParams({ ...introduction }))}`, subprotocol);
  const responses$ = new ReplaySubject<CoordinateResponse>();
  webSocket.on('message', (data: Buffer) => {
    responses$.next(isJson ? responseFromJson(data.toString()) : CoordinateResponse.decode(new Uint8Array(data)));
  });
  const ended = new Promise((resolve) => webSocket.once('close', resolve)).then(() => {
    responses$.complete();
  });
  await new Promise((resolve, reject) => {
    webSocket.once('open', resolve);
    webSocket.on('error', reject);
  });
  return {
    send: (request) => {
      webSocket.send(isJson ? requestToJson(request) : CoordinateRequest.encode(request).finish());
    },
    ...{ responses$, ended },
    leave: () => {
      webSocket.close();
    },
    breakOff: () => {
      webSocket.terminate();
    },
    pause: () => {
      webSocket.pause();
    },
    resume: () => {
      webSocket.resume();
    },
  };
}

async function grpcPeer(url: string, { id, role, agent }: Introduction): Promise<ConnectedPeer> {
  const client = grpcClient(url);
  const metadata = new Metadata();
  metadata.set('x-peer-id', id);
  metadata.set('x-peer-role', role);
  if (agent !== undefined) metadata.set('x-agent-id', agent);
  const { path, requestSerialize, responseDeserialize } = tailnetService.coordinate;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
  const responses$ = new ReplaySubject<CoordinateResponse>();
  call.on('data', (response: CoordinateResponse) => {
    responses$.next(response);
  });
  const ended = new Promise((resolve) => call.once('status', resolve)).then(() => {
    client.close();
    responses$.complete();
  });
  await new Promise((resolve, reject) => {
    call.once('metadata', resolve);
    call.on('error', reject);
  });
  return {
    send: (request) => {
      call.write(request);
    },
    ...{ responses$, ended },
    leave: () => {
      call.end();
    },
    breakOff: () => {
      call.cancel();
    },
    pause: () => {
      call.pause();
    },
    resume: () => {
      call.resume();
    },
  };
}

for (const subprotocol of ['tailnet.v2.proto', 'tailnet.v2.json'] as const) {
  gatewayContract(`webSocketGateway with ${subprotocol}`, {
    serve: (coordinator, drain$) => webSocketGateway(coordinator, { port: 0, drain$ }),
    connect: (url, introduction) => webSocketPeer(url, introduction, subprotocol),
  });
}

gatewayContract('grpcGateway', {
  serve: (coordinator, drain$) => grpcGateway(coordinator, { port: 0, drain$ }),
  connect: grpcPeer,
});
