import { connect } from 'node:net';
import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { BehaviorSubject, throwError } from 'rxjs';
import { identityFromCallToken, jwtSecret, jwtVerifier } from '../../src/gateways/index.js';
import type { JwtVerifierOptions } from '../../src/gateways/index.js';
import { hostileToSecret } from '../auth/jwt/hostileTokens.js';
import { clock, mint, secret } from '../auth/jwt/mint.js';
import { alice, bob } from './gatewayFixture.js';
import { GrpcFixture } from './grpcFixture.js';
import { callFrame, preface } from './http2Frames.js';

const tokens = (options: Partial<JwtVerifierOptions> = {}) => ({
  identify: identityFromCallToken(jwtVerifier({ keys: jwtSecret(secret), scheduler: clock(), ...options })),
});
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('a gRPC call with a token', () => {
  let fixture: GrpcFixture;
  beforeEach(() => {
    fixture = new GrpcFixture();
  });
  afterEach(() => {
    fixture.end();
  });

  it('is let in when it is a good one', async () => {
    const gateway = await fixture.serve(tokens());
    await fixture.call(gateway, bearer(mint({ sub: alice, name: 'Alice', role: 'agent' }))).opened;
    expect(await gateway.event('opened')).to.include({ peerId: alice, name: 'Alice', role: 'agent' });
    await fixture.call(gateway, { ...bearer(mint({ sub: bob })), 'x-peer-id': bob, 'x-peer-role': 'peer' }).opened;
  });

  it('is refused with UNAUTHENTICATED when it is not, and nobody hears of it', async () => {
    const gateway = await fixture.serve(tokens());
    const client = fixture.client(gateway);
    for (const { name, token, reason } of hostileToSecret) {
      // Longer ones do not get that far, and what is no text for a header is a matter of HTTP.
      if (token.length > 12_000 || !/^[\x21-\x7e]+$/.test(token)) continue;
      const { code, details } = await fixture.call(gateway, bearer(token), { client }).ended;
      expect({ code, details }, name).to.deep.equal({ code: status.UNAUTHENTICATED, details: reason });
    }
    expect(fixture.coordinator.coordinations).to.deep.equal([]);
  });

  for (const [name, metadata, details] of [
    ['there is none', {}, 'a token is required: in the metadata "authorization: Bearer …"'],
    [
      'it is no token',
      { authorization: 'Basic YQ==' },
      'the header Authorization must be "Bearer", a space and a token',
    ],
    ['it is another peer’s', { ...bearer(mint()), 'x-peer-id': bob }, 'metadata "x-peer-id" contradicts the token'],
    [
      'its role is another',
      { ...bearer(mint()), 'x-peer-role': 'agent' },
      'metadata "x-peer-role" contradicts the token',
    ],
  ] as const) {
    it(`is refused with UNAUTHENTICATED when ${name}`, async () => {
      const gateway = await fixture.serve(tokens());
      expect(await fixture.call(gateway, metadata).ended).to.include({ code: status.UNAUTHENTICATED, details });
    });
  }

  it('is refused with PERMISSION_DENIED to an observer, and nobody hears of it', async () => {
    const gateway = await fixture.serve(tokens());
    const { code, details } = await fixture.call(gateway, bearer(mint({ role: 'observer' }))).ended;
    expect({ code, details }).to.deep.equal({
      ...{ code: status.PERMISSION_DENIED, details: 'an observer may look, and not connect as a peer' },
    });
    expect(fixture.coordinator.coordinations).to.deep.equal([]);
  });

  it('is refused when it has two, whichever of them is good', async () => {
    const gateway = await fixture.serve(tokens());
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    const good = ['authorization', bearer(mint({ sub: alice })).authorization] as const;
    const other = ['authorization', 'Bearer nonsense'] as const;
    socket.write(Buffer.concat([preface, callFrame(1, good, other), callFrame(3, other, good)]));
    const rejected = await gateway.eventsOf('rejected', 2);
    socket.destroy();
    const reason = 'the header Authorization was given 2 times';
    expect(rejected.map((event) => [event.status, event.reason])).to.deep.equal([
      [401, reason],
      [401, reason],
    ]);
    expect(fixture.coordinator.coordinations).to.deep.equal([]);
  });

  it('ends when the token is revoked, with UNAUTHENTICATED, after the error that says so', async () => {
    const isRevoked$ = new BehaviorSubject(false);
    const gateway = await fixture.serve(tokens({ isRevoked$: () => isRevoked$ }));
    const peer = fixture.call(gateway, bearer(mint({ sub: alice })));
    await peer.opened;
    const coordination = await fixture.coordinator.coordination(alice);
    isRevoked$.next(true);
    await coordination.unsubscribed();
    expect((await peer.next()).error).to.equal('token revoked');
    expect(await peer.ended).to.include({ code: status.UNAUTHENTICATED, details: 'token revoked' });
    expect(await gateway.event('closed')).to.include({ code: 1008, reason: 'token revoked' });
  });

  it('is refused with UNAVAILABLE when the keys are away', async () => {
    const keys = { candidates$: () => throwError(() => new Error('the issuer is away')) };
    const gateway = await fixture.serve(tokens({ keys }));
    expect(await fixture.call(gateway, bearer(mint())).ended).to.include({
      ...{ code: status.UNAVAILABLE, details: 'the keys for tokens cannot be read now' },
    });
  });
});
