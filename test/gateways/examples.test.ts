import { once } from 'node:events';
import { Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { defer, firstValueFrom, lastValueFrom, map, Subject, toArray } from 'rxjs';
import { WebSocketServer } from 'ws';
import { linesOf } from '../../examples/linesOf.js';
import { returning } from '../../examples/returning.js';
import { webSocketClient } from '../../examples/webSocketClient.js';
import { quietPort } from '../support/quietPort.js';
import { createCoordinator } from '../../src/coordinator.js';
import type { CoordinateRequest, CoordinateResponse } from '../../src/proto/index.js';
import { requests } from '../../src/proto/requests.js';
import { errorResponse, PeerUpdateKind, updatesResponse } from '../../src/proto/responses.js';
import { uuidToBytes } from '../../src/proto/uuid.js';
import { alice, bob, carol, marbles, memoryDatabase } from '../../src/testing/index.js';
import { runProgram } from '../cli/childProcess.js';
import { ServedGateway } from './servedGateway.js';

/** A response about this peer; its reason is the peer's id. */
const noErrorFrom = (id: string): CoordinateResponse =>
  updatesResponse([{ id: uuidToBytes(id), node: undefined, kind: PeerUpdateKind.LOST, reason: id }]);

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

describe('examples/returning.ts', () => {
  it(
    'comes back a second after a connection has ended, however that was',
    marbles(({ cold, expectObservable }) => {
      const lives = [
        cold('a 9ms (e|)', { a: noErrorFrom(alice), e: errorResponse('coordinator closed') }),
        cold<CoordinateResponse>('#'),
      ];
      const later$ = cold<CoordinateResponse>('b', { b: noErrorFrom(bob) });
      const client = { coordinate$: () => defer(() => lives.shift() ?? later$) };
      const seen$ = returning(client)
        .coordinate$(carol)
        .pipe(map(({ peerUpdates }) => peerUpdates[0]?.reason));
      // Ten milliseconds, a second; nothing, a second.
      expectObservable(seen$).toBe('a 2009ms b', { a: alice, b: bob });
    }),
  );
});

describe('examples/tcpServer.ts', () => {
  it('stays at a port that it is given, until Ctrl+C', async () => {
    const port = String(await quietPort());
    await using server = runProgram('examples/tcpServer.ts', [], { environment: { PORT: port } });
    expect(await server.line((line) => line.startsWith('listening'))).to.equal(`listening at tcp://127.0.0.1:${port}`);
    server.signal('SIGINT');
    expect(await server.ended).to.equal(0);
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
