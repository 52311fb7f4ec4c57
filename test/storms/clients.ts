// Many peers in a process of their own. Each publishes a node and opens a tunnel to one agent; when its connection ends,
// it comes back at once, to the next URL, with a new version. Told what to do by its parent.
import { PeerUpdateKind, CoordinateRequest, CoordinateResponse, requests, type Uuid } from '../../src/proto/index.js';
import { aNode } from '../../src/testing/index.js';
import { WebSocket } from 'ws';

export interface Storm {
  /** First everybody goes to the first one, then to the second. */
  readonly urls: readonly [string, string];
  readonly clients: readonly { readonly id: Uuid; readonly agent: Uuid }[];
}

/** What became of it: everybody has its agent's node on its connection of this version. */
export interface Settled {
  readonly version: number;
  /** Updates that said that an agent was lost or gone. */
  readonly lost: number;
  /** Times that somebody was turned away, or found nobody. */
  readonly refused: number;
}

/** Milliseconds until somebody who was turned away comes back. */
const backOff = 100;

let lost = 0;
let refused = 0;
const settled = [0, 0, 0];

const connect = (storm: Storm, client: Storm['clients'][number], version: number): void => {
  const url = storm.urls[version === 1 ? 0 : 1];
  const socket = new WebSocket(`${url}/api/v2/coordinate?id=${client.id}`, 'tailnet.v2.proto', {
    perMessageDeflate: false,
  });
  let isOpen = false;
  let isSettled = false;
  const send = (request: CoordinateRequest) => {
    socket.send(CoordinateRequest.encode(request).finish());
  };
  socket.on('open', () => {
    isOpen = true;
    send(requests.updateSelf(aNode({ of: client.id, derp: version })));
    send(requests.addTunnel(client.agent));
  });
  socket.on('message', (data: Buffer) => {
    for (const { kind } of CoordinateResponse.decode(data).peerUpdates) {
      if (kind !== PeerUpdateKind.NODE) lost++;
      if (kind !== PeerUpdateKind.NODE || isSettled) continue;
      isSettled = true;
      const count = (settled[version] ?? 0) + 1;
      settled[version] = count;
      if (count === storm.clients.length) process.send?.({ version, lost, refused } satisfies Settled);
    }
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    if (isOpen) {
      connect(storm, client, version + 1);
    } else {
      refused++;
      setTimeout(() => {
        connect(storm, client, version);
      }, backOff);
    }
  });
};

process.on('message', (storm: Storm) => {
  for (const client of storm.clients) connect(storm, client, 1);
});
// The parent is gone, and nobody else would end it.
process.on('disconnect', () => process.exit(0));
