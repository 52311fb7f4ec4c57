import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { WebSocketServer } from 'ws';
import { firstValueFrom, of, takeWhile, toArray } from 'rxjs';
import { peerEvents } from '../../src/cli/peerEvents.js';
import { runCommandLine } from './runCommandLine.js';
import { tailnetClient$ } from '../../src/client/index.js';
import { CoordinateResponse, Node, PeerUpdateKind, uuidToBytes } from '../../src/proto/index.js';
import { alice, bob } from '../../src/testing/index.js';

/** Answers every peer with these messages. */
const answering = async (...messages: readonly Uint8Array[]) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'tailnet.v2.proto' });
  server.on('connection', (socket) => {
    for (const message of messages) socket.send(message);
  });
  await once(server, 'listening');
  const url = `ws://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return { url, server, [Symbol.dispose]: () => server.close() };
};

const encoded = (id: Uint8Array, error = '', node?: Node) =>
  CoordinateResponse.encode({
    peerUpdates: [{ id, node, kind: PeerUpdateKind.NODE, reason: 'new' }],
    error,
  }).finish();

/** All that `peer` prints until the coordinator sends it away for good. */
const printed = async (words: readonly string[], ...messages: readonly Uint8Array[]): Promise<string> => {
  using coordinator = await answering(...messages);
  coordinator.server.on('connection', (socket) => socket.close(1008, 'a\u009bb'));
  let text = '';
  const output = { out: (said: string) => (text += said), error: (said: string) => (text += said) };
  expect(await runCommandLine(['peer', '--url', coordinator.url, '--id', alice, ...words], output)).to.equal(1);
  return text;
};

describe('peer, on the command line,', () => {
  const title = '\u001b]0;owned\u0007\u001b[2J\n666 NODE (new)\u009b31m\u202e';
  const hostile = encoded(uuidToBytes(bob), title, Node.fromPartial({ addresses: [title] }));

  it('lets nobody write to its terminal: not the peers that it sees, and not the coordinator', async () => {
    const text = await printed([], hostile);
    const escaped = '\\u001b]0;owned\\u0007\\u001b[2J\\u000a666 NODE (new)\\u009b31m\\u202e';
    expect(text.split('\n').slice(1)).to.deep.equal([
      `${bob} NODE (new) derp 0 ${escaped}`,
      `the coordinator says: ${escaped}`,
      'connection closed: 1008 a\\u009bb',
      '',
    ]);
  });

  it('prints JSON that says the same, and is as harmless', async () => {
    const text = await printed(['--json'], hostile);
    expect(text).to.match(/^[\x20-\x7e\n]+$/);
    const [, update, error] = text.split('\n').map((line): unknown => (line === '' ? undefined : JSON.parse(line)));
    expect(update).to.deep.include({ event: 'update', peer: bob, node: { addresses: [title] } });
    expect(error).to.deep.equal({ event: 'error', error: title });
  });

  const nonsense: Record<string, [Uint8Array, RegExp]> = {
    'no message': [Uint8Array.of(255, 255), /^unreadable response, is that a coordinator\? \S/],
    'an update about nobody': [encoded(new Uint8Array(3)), /is that a coordinator\? .*16 bytes.*3/],
  };
  for (const [what, [message, reason]] of Object.entries(nonsense)) {
    it(`ends the connection with 1007 when it gets ${what}`, async () => {
      using coordinator = await answering(message, hostile);
      const who = { url: new URL(coordinator.url), id: alice };
      const events$ = peerEvents(tailnetClient$({ ...who, node$: of({}) }), who);
      const [connected, end, ...more] = await firstValueFrom(
        events$.pipe(
          takeWhile(({ kind }) => kind !== 'closed', true),
          toArray(),
        ),
      );
      expect(connected).to.include({ kind: 'connected' });
      expect(end).to.include({ kind: 'closed', code: 1007 }).and.have.property('retryIn');
      expect((end as { reason: string }).reason).to.match(reason);
      expect(more).to.deep.equal([]);
    });
  }
});
