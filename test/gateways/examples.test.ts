import { once } from 'node:events';
import { Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { firstValueFrom, lastValueFrom, Subject, toArray } from 'rxjs';
import { WebSocketServer } from 'ws';
import { linesOf } from '../../examples/linesOf.js';
import { webSocketClient } from '../../examples/webSocketClient.js';
import { createCoordinator } from '../../src/coordinator.js';
import type { CoordinateRequest } from '../../src/proto/index.js';
import { requests } from '../../src/proto/requests.js';
import { alice, bob, memoryDatabase } from '../../src/testing/index.js';
import { ServedGateway } from './servedGateway.js';

describe('examples/webSocketClient.ts', () => {
  it('sends what a Subject says before it is connected', async () => {
    const coordinator = createCoordinator({ database: memoryDatabase() });
    const gateway = await ServedGateway.start(coordinator);
    const seen = firstValueFrom(coordinator.coordinate$(bob, new Subject<CoordinateRequest>()));
    const requests$ = new Subject<CoordinateRequest>();
    const ended = lastValueFrom(webSocketClient(gateway.url).coordinate$(alice, requests$), { defaultValue: 'ended' });
    requests$.next(requests.updateSelf({ preferredDerp: 7 }));
    requests$.next(requests.addTunnel(bob));
    requests$.complete();
    const { peerUpdates } = await seen;
    expect(peerUpdates[0]?.node?.preferredDerp).to.equal(7);
    expect(await ended).to.equal('ended');
    await coordinator.close();
    gateway.subscription.unsubscribe();
  });

  it('fails when what it reads is no response', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'tailnet.v2.proto' });
    server.on('connection', (socket) => socket.send(Buffer.of(255, 255)));
    await once(server, 'listening');
    const { coordinate$ } = webSocketClient(`ws://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
    const failure = await firstValueFrom(coordinate$(alice)).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(RangeError);
    server.close();
  });
});

describe('examples/linesOf.ts', () => {
  it('finds the lines, wherever they are cut', async () => {
    const socket = new Socket();
    const lines = lastValueFrom(linesOf(socket).pipe(toArray()));
    for (const chunk of ['a', 'b\n', '\nc\nd', '', 'e\nf']) socket.emit('data', chunk);
    socket.emit('end');
    expect(await lines).to.deep.equal(['ab', '', 'c', 'de']);
  });

  it('does nothing with what follows on a line that is too long', async () => {
    const socket = new Socket();
    const failure = lastValueFrom(linesOf(socket)).catch((error: unknown) => error);
    socket.emit('data', 'x'.repeat(1_000_001));
    expect(String(await failure)).to.contain('more than a million characters');
    expect(socket.listenerCount('data')).to.equal(0);
  });
});
