import { expect } from 'chai';
import { webSocketGateway } from '../../src/gateways/index.js';
import { alice, bob, GatewayFixture } from './gatewayFixture.js';
import { refusedUpgrade } from './peerSocket.js';

describe('a WebSocket gateway and pages in browsers', () => {
  let fixture: GatewayFixture;
  beforeEach(() => {
    fixture = new GatewayFixture();
  });
  afterEach(() => fixture.end());

  for (const origin of ['https://evil.example', 'http://127.0.0.1:3000', 'null']) {
    it(`refuses one from ${origin} with 403 and one line, and says so in an event`, async () => {
      const gateway = await fixture.serve();
      const { status, body } = await refusedUpgrade(`${gateway.url}?id=${alice}`, [], { origin });
      const reason = `pages of the origin "${origin}" may not connect: it is not in the list of allowed origins`;
      expect({ status, body }).to.deep.equal({ status: 403, body: `${reason}\n` });
      expect(await gateway.event('rejected')).to.include({ status: 403, reason });
      expect(fixture.coordinator.coordinations).to.deep.equal([]);
    });
  }

  it('asks who they are only afterwards', async () => {
    let asked = 0;
    const gateway = await fixture.serve({
      identify: () => {
        asked++;
        throw new Error('nobody should ask');
      },
    });
    expect(await refusedUpgrade(gateway.url, [], { origin: 'https://evil.example' })).to.include({ status: 403 });
    expect(asked).to.equal(0);
  });

  it('repeats no more than a line of what a stranger says', async () => {
    const gateway = await fixture.serve();
    const { body } = await refusedUpgrade(gateway.url, [], { origin: `https://${'x'.repeat(4000)}` });
    expect(body.length).to.be.below(200);
  });

  it('lets its own pages connect, by its address or as localhost', async () => {
    const gateway = await fixture.serve();
    const { host, port } = new URL(gateway.url);
    await fixture.join(gateway, `id=${alice}`, [], { origin: `http://${host}` });
    const headers = { Host: `localhost:${port}` };
    await fixture.join(gateway, `id=${bob}`, [], { origin: `http://localhost:${port}`, headers });
  });

  it('does not take a name in Host for its own, though it is the same as in Origin', async () => {
    const gateway = await fixture.serve();
    const { port } = new URL(gateway.url);
    const rebound = { origin: `http://evil.example:${port}`, headers: { Host: `evil.example:${port}` } };
    expect(await refusedUpgrade(`${gateway.url}?id=${alice}`, [], rebound)).to.include({ status: 403 });
  });

  it('lets those connect that are listed', async () => {
    const gateway = await fixture.serve({ origins: ['https://app.example', 'http://localhost:*'] });
    await fixture.join(gateway, `id=${alice}`, [], { origin: 'https://app.example' });
    await fixture.join(gateway, `id=${bob}`, [], { origin: 'http://localhost:5173' });
    expect(await refusedUpgrade(gateway.url, [], { origin: 'https://evil.example' })).to.include({ status: 403 });
  });

  it('lets everybody connect if told so', async () => {
    const gateway = await fixture.serve({ origins: ['*'] });
    await fixture.join(gateway, `id=${alice}`, [], { origin: 'https://evil.example' });
  });

  it('is refused at once with an origin that is none', () => {
    expect(() => webSocketGateway(fixture.coordinator, { port: 0, origins: ['app.example'] })).to.throw(
      TypeError,
      'not an origin: "app.example"',
    );
  });
});
