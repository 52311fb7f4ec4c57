import { expect } from 'chai';
import { webSocketGateway } from '../../src/gateways/index.js';
import { alice, GatewayFixture } from './gatewayFixture.js';
import { refusedUpgrade } from './peerSocket.js';

describe('a WebSocket gateway behind proxies', () => {
  let fixture: GatewayFixture;
  beforeEach(() => {
    fixture = new GatewayFixture();
  });
  afterEach(() => fixture.end());

  const headers = { 'X-Forwarded-For': '203.0.113.9, 198.51.100.1' };

  it('says where the client is, as a trusted proxy says', async () => {
    const gateway = await fixture.serve({ trustedProxies: ['127.0.0.1'] });
    await fixture.join(gateway, `id=${alice}`, [], { headers });
    expect(await gateway.event('opened')).to.include({ remoteAddress: '198.51.100.1' });
  });

  it('says so of who is turned away, too', async () => {
    const gateway = await fixture.serve({ trustedProxies: ['loopback'] });
    await refusedUpgrade(`${gateway.url}?id=nobody`, [], { headers });
    expect(await gateway.event('rejected')).to.include({ status: 400, remoteAddress: '198.51.100.1' });
  });

  it('believes nobody unless it is told to', async () => {
    const gateway = await fixture.serve();
    await fixture.join(gateway, `id=${alice}`, [], { headers });
    expect(await gateway.event('opened')).to.include({ remoteAddress: '127.0.0.1' });
  });

  it('believes no other proxy', async () => {
    const gateway = await fixture.serve({ trustedProxies: ['10.0.0.0/8'] });
    await fixture.join(gateway, `id=${alice}`, [], { headers });
    expect(await gateway.event('opened')).to.include({ remoteAddress: '127.0.0.1' });
  });

  it('believes no header but X-Forwarded-For', async () => {
    const gateway = await fixture.serve({ trustedProxies: ['loopback'] });
    const others = { Forwarded: 'for=203.0.113.9', 'X-Real-IP': '203.0.113.9' };
    await fixture.join(gateway, `id=${alice}`, [], { headers: others });
    expect(await gateway.event('opened')).to.include({ remoteAddress: '127.0.0.1' });
  });

  it('is refused at once with a proxy that is none', () => {
    expect(() => webSocketGateway(fixture.coordinator, { port: 0, trustedProxies: ['proxy.example'] })).to.throw(
      TypeError,
      'not an address or range: "proxy.example"',
    );
  });
});
