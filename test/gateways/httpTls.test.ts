import { once } from 'node:events';
import { request } from 'node:https';
import type { RequestOptions } from 'node:https';
import { connect } from 'node:net';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { BehaviorSubject, firstValueFrom, lastValueFrom, of, ReplaySubject } from 'rxjs';
import type { Subscription } from 'rxjs';
import { coordinatePath, httpServer$, replyText } from '../../src/gateways/index.js';
import type { GatewayEvent, HttpServerOptions, ListeningHttpServer, TlsOptions } from '../../src/gateways/index.js';
import { createAuthority } from '../support/certificates.js';
import type { Authority, Certificate } from '../support/certificates.js';
import { isResumable } from '../support/tlsResumption.js';
import { alice, GatewayFixture } from './gatewayFixture.js';

describe('HTTP and WebSockets with TLS', () => {
  let authority: Authority;
  let server: Certificate;
  let client: Certificate;
  let fixture: GatewayFixture;
  let subscriptions: Subscription[];
  before(async () => {
    authority = await createAuthority();
    server = await authority.sign('server');
    client = await authority.sign('alice');
  });
  after(() => {
    authority[Symbol.dispose]();
  });
  beforeEach(() => {
    fixture = new GatewayFixture();
    subscriptions = [];
  });
  afterEach(async () => {
    await fixture.end();
    for (const subscription of subscriptions) subscription.unsubscribe();
  });

  const tlsOf = ({ cert, key }: Certificate): TlsOptions => ({ cert, key });
  const mutual = (): TlsOptions => ({ ...tlsOf(server), ca: authority.root.cert });
  const shown = ({ cert, key }: Certificate) => ({ cert, key, ca: authority.root.cert });

  const serve = async (options: Partial<HttpServerOptions>): Promise<string> => {
    const listening$ = new ReplaySubject<ListeningHttpServer>(1);
    const routes = {
      '/secret': (_request: IncomingMessage, response: Parameters<typeof replyText>[0]) => {
        replyText(response, 200, 'the secret');
      },
      '/healthz': (_request: IncomingMessage, response: Parameters<typeof replyText>[0]) => {
        replyText(response, 200, 'alive');
      },
    };
    subscriptions.push(httpServer$({ port: 0, routes, ...options }).subscribe(listening$));
    return (await firstValueFrom(listening$)).url;
  };

  const get = async (url: string, options: RequestOptions = {}) => {
    const asked = request(url, { ca: authority.root.cert, agent: false, ...options }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    const { socket } = response;
    const shownBy = socket instanceof TLSSocket ? socket.getPeerCertificate().subject.CN : undefined;
    return { status: response.statusCode, body: await text(response), shownBy };
  };

  it('are at https and wss', async () => {
    const url = await serve({ tls: tlsOf(server) });
    expect(url).to.match(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(await get(`${url}/secret`)).to.deep.equal({ status: 200, body: 'the secret\n', shownBy: 'server' });
    const gateway = await fixture.serve({ tls: tlsOf(server) });
    expect(gateway.url).to.match(/^wss:\/\/127\.0\.0\.1:\d+\/api\/v2\/coordinate$/);
    await fixture.join(gateway, `id=${alice}`, [], { ca: authority.root.cert });
    expect(await gateway.event('opened')).to.include({ remoteAddress: '127.0.0.1' });
  });

  it('ask for client certificates, but for paths that are open to all', async () => {
    const url = await serve({ tls: mutual(), pathsWithoutCertificate: ['/healthz'] });
    const refusal = { status: 403, body: 'a client certificate is required, signed by an authority known here\n' };
    expect(await get(`${url}/secret`)).to.include(refusal);
    expect(await get(`${url}/nothing`)).to.include(refusal);
    expect(await get(`${url}/healthz?x`)).to.include({ status: 200 });
    expect(await get(`${url}/secret`, shown(client))).to.include({ status: 200 });
    using others = await createAuthority();
    expect(await get(`${url}/secret`, { ...shown(await others.sign('alice')), ca: authority.root.cert })).to.include(
      refusal,
    );
  });

  it('let no WebSocket in without a certificate, whatever its path', async () => {
    const gateway = await fixture.serve({ tls: mutual() });
    const url = new URL(gateway.url.replace('wss', 'https'));
    const asked = request(url, {
      ...{ ca: authority.root.cert, agent: false },
      headers: { Connection: 'Upgrade', Upgrade: 'websocket' },
    }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    expect(response.statusCode).to.equal(403);
    response.resume();
    await fixture.join(gateway, `id=${alice}`, [], shown(client));
    expect(gateway.events.map(({ kind }) => kind)).to.deep.equal(['listening', 'rejected', 'opened']);
    expect(url.pathname).to.equal(coordinatePath);
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`resume no session where clients show certificates, which may expire: ${version}`, async () => {
      const greeting = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
      const tls$ = new BehaviorSubject(mutual());
      const url = await serve({ tls: tls$ });
      expect(await isResumable(url, version, greeting, shown(client))).to.equal(false);
      tls$.next({ ...mutual(), ...tlsOf(await authority.sign('renewed')) });
      expect(await isResumable(url, version, greeting, shown(client))).to.equal(false);
      const open = await serve({ tls: tlsOf(server) });
      expect(await isResumable(open, version, greeting, { ca: authority.root.cert })).to.equal(true);
    });
  }

  it('tell who was sent away, and what was wrong with the certificate', async () => {
    const rejected: GatewayEvent[] = [];
    const onRejected = (event: GatewayEvent) => rejected.push(event);
    const url = await serve({ tls: mutual(), pathsWithoutCertificate: ['/healthz'], onRejected });
    const expired = await authority.sign('expired', { notAfterDate: new Date(Date.now() - 1000) });
    await get(`${url}/secret`);
    await get(`${url}/secret`, shown(expired));
    await get(`${url}/secret`, shown(client));
    await get(`${url}/healthz`);
    const reason = 'a client certificate is required, signed by an authority known here';
    expect(rejected).to.deep.equal(
      ['none was shown', 'CERT_HAS_EXPIRED'].map((problem) => ({
        ...{ kind: 'rejected', status: 403, reason: `${reason} (${problem})`, remoteAddress: '127.0.0.1' },
      })),
    );
  });

  it('show new certificates to who connects after they came', async () => {
    const tls$ = new BehaviorSubject(tlsOf(server));
    const url = await serve({ tls: tls$ });
    tls$.next(tlsOf(await authority.sign('renewed')));
    expect(await get(`${url}/secret`)).to.include({ shownBy: 'renewed' });
  });

  it('are refused when they are none, and when later ones ask something else of clients', async () => {
    const failure = async (...certificates: readonly TlsOptions[]) => {
      const tls = of(...certificates);
      const outcome = lastValueFrom(httpServer$({ port: 0, routes: {}, tls }));
      return outcome.then(() => 'none', String);
    };
    // Node.js would take them for "not given": whoever has any certificate of any authority would come in.
    for (const ca of ['', server.key.toString(), Buffer.alloc(0)]) {
      expect(await failure({ ...tlsOf(server), ca })).to.equal('TypeError: ca holds no certificate in PEM');
    }
    expect(await failure(mutual(), { ...tlsOf(server), ca: '' })).to.contain('ca holds no certificate');
    expect(await failure({ cert: '', key: '' })).to.contain('TypeError: key holds no private key in PEM: ');
    expect(await failure({ ...tlsOf(server), cert: '' })).to.equal('TypeError: cert holds no certificate in PEM');
    const changed =
      'TypeError: what is asked of clients cannot change while they are served: ca, requireClientCertificate';
    expect(await failure(tlsOf(server), mutual())).to.equal(changed);
    expect(await failure(mutual(), tlsOf(server))).to.equal(changed);
    expect(await failure(mutual(), { ...mutual(), requireClientCertificate: false })).to.equal(changed);
  });

  it('may be called as OpenSSL calls them, too', async () => {
    const ca = authority.root.cert.toString().replaceAll(' CERTIFICATE', ' X509 CERTIFICATE');
    const url = await serve({ tls: { ...tlsOf(server), ca } });
    expect(await get(`${url}/secret`, shown(client))).to.include({ status: 200 });
    expect(await get(`${url}/secret`)).to.include({ status: 403 });
  });

  it('bound sockets over which nothing is said', async () => {
    const url = await serve({ tls: tlsOf(server), maxUnfinished: 1 });
    const { hostname, port } = new URL(url);
    const silent = connect(Number(port), hostname).resume();
    silent.on('error', () => undefined);
    await once(silent, 'connect');
    const closed = once(silent, 'close');
    expect(await get(`${url}/secret`)).to.include({ status: 200 });
    await closed;
  });
});
