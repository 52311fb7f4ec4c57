import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createNetServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { expect } from 'chai';
import { filter, firstValueFrom, of } from 'rxjs';
import { peerEvents } from '../../src/cli/peerEvents.js';
import { tailnetClient$ } from '../../src/client/index.js';
import { alice } from '../../src/testing/index.js';
import { createAuthority } from '../support/certificates.js';

/** Why a peer cannot connect to this server. */
const failureOf = async (server: Server, protocol: 'ws' | 'wss'): Promise<string> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(`${protocol}://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  const events$ = peerEvents(tailnetClient$({ url, id: alice, node$: of({}), random: () => 0.5 }), { url, id: alice });
  // Where the client gives up, that comes first.
  const { reason } = await firstValueFrom(events$.pipe(filter((event) => event.kind === 'closed')));
  server.close();
  return reason;
};

describe('a peer that cannot connect is told what may be wrong with its URL:', () => {
  it('the port of something else than HTTP', async () => {
    // As HTTP/2 begins: with a frame of settings.
    const server = createNetServer((socket) =>
      socket.on('error', () => undefined).end(Buffer.from('000000040000000000', 'hex')),
    );
    expect(await failureOf(server, 'ws')).to.contain(
      '(that does not speak HTTP: is it the port for gRPC, or one for TLS',
    );
  });

  it('one for TLS', async () => {
    using authority = await createAuthority();
    const { cert, key } = await authority.sign('server');
    const server = createTlsServer({ cert, key }).on('tlsClientError', () => undefined);
    expect(await failureOf(server, 'ws')).to.contain('(it was hung up at once: is it a port for TLS (wss:)');
  });

  it('TLS where there is none', async () => {
    expect(await failureOf(createHttpServer(), 'wss')).to.contain(
      '(that does not speak TLS: is it ws: instead of wss:?)',
    );
  });

  it('a certificate of an authority that is not known', async () => {
    using authority = await createAuthority();
    const { cert, key } = await authority.sign('server');
    const server = createTlsServer({ cert, key }).on('tlsClientError', () => undefined);
    expect(await failureOf(server, 'wss')).to.contain('(its authority is not known here: --tls-ca names');
  });

  it('nothing, where there is nothing to say', async () => {
    const server = createHttpServer((_request, response) => response.writeHead(404).end('not here'));
    expect(await failureOf(server, 'ws')).to.equal('HTTP 404 not here');
  });
});
