import { once } from 'node:events';
import { connect } from 'node:net';
import { credentials, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { BehaviorSubject, of, throwError } from 'rxjs';
import { peerAuth } from '../../src/auth/peerAuth.js';
import { IdentityError } from '../../src/gateways/index.js';
import type { IdentifyCall, TlsOptions } from '../../src/gateways/index.js';
import { createAuthority } from '../support/certificates.js';
import type { Authority, Certificate } from '../support/certificates.js';
import { isResumable } from '../support/tlsResumption.js';
import { alice, bob, response } from './gatewayFixture.js';
import { GrpcFixture, ServedGrpcGateway } from './grpcFixture.js';
import { preface } from './http2Frames.js';
import { grpcClient, PeerCall } from './peerCall.js';

describe('a gRPC gateway with TLS', () => {
  let ours: Authority;
  let theirs: Authority;
  let server: Certificate;
  let client: Certificate;
  let fixture: GrpcFixture;
  before(async () => {
    ours = await createAuthority();
    theirs = await createAuthority();
    server = await ours.sign('server');
    client = await ours.sign('alice');
  });
  after(() => {
    ours[Symbol.dispose]();
    theirs[Symbol.dispose]();
  });
  beforeEach(() => {
    fixture = new GrpcFixture();
  });
  afterEach(() => {
    fixture.end();
  });

  const of1 = ({ cert, key }: Certificate): TlsOptions => ({ cert, key });

  /** A call of a client that knows our authority, and perhaps shows a certificate of its own. */
  const call = (
    { url }: ServedGrpcGateway,
    { shown, root = ours.root }: { shown?: Certificate; root?: Certificate } = {},
  ) => {
    const secure = credentials.createSsl(root.cert, shown?.key ?? null, shown?.cert ?? null);
    const made = grpcClient(url, secure);
    fixture.adopt(made);
    return new PeerCall(made, { 'x-peer-id': alice });
  };

  it('serves who knows its authority', async () => {
    const gateway = await fixture.serve({ tls: of1(server) });
    expect(gateway.url).to.match(/^grpcs:\/\/127\.0\.0\.1:\d+$/);
    const peer = call(gateway);
    await peer.opened;
    expect(await gateway.event('opened')).to.include({ remoteAddress: '127.0.0.1' });
    (await fixture.coordinator.coordination(alice)).responses$.next(response('hello'));
    expect((await peer.next()).peerUpdates[0]?.reason).to.equal('hello');
  });

  it('serves nobody who does not, and nobody in clear text; the next one gets in', async () => {
    const gateway = await fixture.serve({ tls: of1(server) });
    expect(await call(gateway, { root: theirs.root }).ended).to.include({ code: status.UNAVAILABLE });
    expect(await fixture.call(gateway).ended).to.include({ code: status.UNAVAILABLE });
    await call(gateway).opened;
  });

  it('asks for client certificates, and shows them to who identifies', async () => {
    const identify: IdentifyCall = ({ clientCertificate }) => {
      if (clientCertificate?.subject.CN !== 'alice') throw new IdentityError('not Alice', 403);
      return { id: bob, name: 'Alice', role: 'peer', auth: peerAuth() };
    };
    const gateway = await fixture.serve({ identify, tls: { ...of1(server), ca: ours.root.cert } });
    await call(gateway, { shown: client }).opened;
    expect(await gateway.event('opened')).to.include({ peerId: bob });
    const other = await ours.sign('mallory');
    expect(await call(gateway, { shown: other }).ended).to.include({ code: status.PERMISSION_DENIED });
  });

  it('lets nobody in without a good one', async () => {
    const gateway = await fixture.serve({ tls: { ...of1(server), ca: ours.root.cert } });
    expect(await call(gateway).ended).to.include({ code: status.UNAVAILABLE });
    expect(await call(gateway, { shown: await theirs.sign('alice') }).ended).to.include({ code: status.UNAVAILABLE });
    expect(fixture.coordinator.coordinations).to.have.lengthOf(0);
    // Clients try again by themselves.
    const problems = new Set((await gateway.eventsOf('rejected', 2)).map(({ reason }) => reason));
    const reason = 'a client certificate is required, signed by an authority known here';
    expect([...problems]).to.deep.equal([`${reason} (none was shown)`, `${reason} (UNABLE_TO_VERIFY_LEAF_SIGNATURE)`]);
    expect(await gateway.event('rejected')).to.include({ status: 403, remoteAddress: '127.0.0.1' });
  });

  it('takes nobody who breaks off, or speaks no TLS, for one without a certificate', async () => {
    const gateway = await fixture.serve({ tls: { ...of1(server), ca: ours.root.cert } });
    expect(await fixture.call(gateway).ended).to.include({ code: status.UNAVAILABLE });
    expect(await call(gateway, { shown: client, root: theirs.root }).ended).to.include({ code: status.UNAVAILABLE });
    await call(gateway, { shown: client }).opened;
    expect(gateway.events.map(({ kind }) => kind)).to.deep.equal(['listening', 'opened']);
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`resumes no session with who showed one, which may expire: ${version}`, async () => {
      const gateway = await fixture.serve({ tls: { ...of1(server), ca: ours.root.cert } });
      const { key, cert } = client;
      const shown = { key, cert, ca: ours.root.cert, ALPNProtocols: ['h2'] };
      expect(await isResumable(gateway.url, version, preface.toString('latin1'), shown)).to.equal(false);
    });
  }

  it('leaves it to who identifies, if it is told to', async () => {
    const seen: boolean[] = [];
    const identify: IdentifyCall = ({ clientCertificate }) => {
      seen.push(clientCertificate !== undefined);
      return { id: alice, name: 'Alice', role: 'peer', auth: peerAuth() };
    };
    const tls = { ...of1(server), ca: ours.root.cert, requireClientCertificate: false };
    const gateway = await fixture.serve({ identify, tls });
    await call(gateway).opened;
    await call(gateway, { shown: await theirs.sign('alice') }).opened;
    await call(gateway, { shown: client }).opened;
    expect(seen).to.deep.equal([false, false, true]);
  });

  it('shows new certificates to who connects after they came, and leaves those who are there', async () => {
    const tls$ = new BehaviorSubject<TlsOptions>(of1(server));
    const gateway = await fixture.serve({ tls: tls$ });
    const before = call(gateway);
    await before.opened;
    tls$.next(of1(await theirs.sign('server')));
    expect(await call(gateway).ended).to.include({ code: status.UNAVAILABLE });
    await call(gateway, { root: theirs.root }).opened;
    (await fixture.coordinator.coordination(alice)).responses$.next(response('still served'));
    expect((await before.next()).peerUpdates[0]?.reason).to.equal('still served');
    gateway.subscription.unsubscribe();
    expect(tls$.observed).to.equal(false);
  });

  for (const [name, tls, message] of [
    [
      'that do not belong together',
      () => of({ cert: server.cert, key: client.key }),
      /cert is not the certificate of the key/,
    ],
    ['that are none', () => of({ cert: 'none', key: 'none' }), /PEM|no start line|DECODER/i],
    [
      'without a ca that says which are good',
      () => of({ ...of1(server), requireClientCertificate: true }),
      /needs a ca/,
    ],
    ['that do not come', () => throwError(() => new Error('not there')), /not there/],
  ] as const) {
    it(`errors with certificates ${name}`, async () => {
      const gateway = new ServedGrpcGateway(fixture.coordinator, { tls: tls() });
      const error: unknown = await gateway.completed().catch((failure: unknown) => failure);
      expect(String(error)).to.match(message);
    });
  }

  it('destroys who does not agree on TLS in time', async () => {
    const gateway = await fixture.serve({ tls: of1(server), limits: { handshakeTimeout: 50 } });
    const { hostname, port } = new URL(gateway.url);
    const socket = connect(Number(port), hostname).resume();
    await once(socket, 'close');
    await call(gateway).opened;
  });
});
