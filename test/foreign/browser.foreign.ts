import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import type { Coordinator } from '../../src/api.js';
import { createCoordinator } from '../../src/coordinator.js';
import type { WebSocketGatewayOptions } from '../../src/gateways/index.js';
import { subprotocolNames } from '../../src/gateways/subprotocols.js';
import { alice, bob, memoryDatabase, testPeer, type TestPeer } from '../../src/testing/index.js';
import { ServedGateway } from '../gateways/servedGateway.js';
import { certificate } from '../support/certificate.js';
import { chromiumPath } from './chromium.js';
import { pageServer } from './pageServer.js';

/** A name that a stranger lets point to this machine. */
const rebound = 'evil.example';

describe('a page in a real browser', () => {
  let browser: Browser;
  let page: Page;
  let coordinator: Coordinator;
  let bobs: TestPeer;
  let ends: (() => unknown)[];

  before(async () => {
    // Chromium refuses to run as root with its sandbox.
    const args = ['--no-sandbox', '--disable-dev-shm-usage', `--host-resolver-rules=MAP ${rebound} 127.0.0.1`];
    browser = await chromium.launch({ executablePath: chromiumPath(), args });
  });
  after(() => browser.close());

  beforeEach(async () => {
    ends = [];
    page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
    coordinator = createCoordinator({ database: memoryDatabase() });
    bobs = testPeer(coordinator, bob);
  });
  afterEach(async () => {
    await page.context().close();
    for (const end of ends) end();
    await coordinator.close();
  });

  /** Opens the page as it comes from a server; the origin of the page. */
  const open = async (server: Server, scheme = 'http'): Promise<string> => {
    ends.push(() => {
      server.close();
      server.closeAllConnections();
    });
    const { port } = server.address() as AddressInfo;
    const origin = `${scheme}://127.0.0.1:${String(port)}`;
    await page.goto(`${origin}/`);
    return origin;
  };

  const serve = async (options: Partial<WebSocketGatewayOptions> = {}): Promise<ServedGateway> => {
    const gateway = await ServedGateway.start(coordinator, options);
    ends.push(() => gateway.subscription.unsubscribe());
    return gateway;
  };

  /** Calls a function of the page. */
  const call = (name: string, ...values: readonly unknown[]): Promise<unknown> =>
    page.evaluate(`${name}(${values.map((value) => JSON.stringify(value)).join()})`);
  const connect = ({ url }: ServedGateway, protocol = 'tailnet.v2.json') =>
    call('connectPeer', `${url}?id=${alice}`, protocol);
  const closed = (): Promise<unknown> => page.evaluate('peer.closed');

  /** The page and Bob see each other. */
  const meet = async (): Promise<void> => {
    const id = Buffer.from(bob.replaceAll('-', ''), 'hex').toString('base64');
    await call('peer.send', { addTunnel: { id } });
    await call('peer.send', { updateSelf: { node: { preferredDerp: 7, endpoints: ['192.0.2.7:41641'] } } });
    await bobs.eventuallyHasDerp(alice, 7);
    bobs.updateDerp(3);
    await call('hears', 'NODE', 3);
  };

  for (const protocol of subprotocolNames) {
    describe(`speaking ${protocol}`, () => {
      let gateway: ServedGateway;
      beforeEach(async () => {
        const server = await pageServer();
        gateway = await serve({ server });
        await open(server);
        expect(await connect(gateway, protocol)).to.deep.equal({ protocol, extensions: '' });
      });

      it('sees another peer, and is seen', async () => {
        await meet();
        await bobs.disconnect();
        await call('hears', 'DISCONNECTED');
      });

      it('says goodbye', async () => {
        await meet();
        await call('peer.send', { disconnect: {} });
        expect(await closed()).to.deep.equal({ code: 1000, reason: '', wasClean: true });
        await bobs.eventuallyDisconnected(alice);
      });

      it('is lost when it is closed', async () => {
        await meet();
        await page.close();
        await bobs.eventuallyLost(alice);
      });

      it('learns why it is sent away', async () => {
        await call('peer.send', { addTunnel: { id: 'AAAA' } });
        expect(await closed()).to.deep.include({ code: 1008, wasClean: true });
        expect(await page.evaluate('peer.responses.at(-1).error')).to.match(/a peer id has 16 bytes, got 3/);
      });

      it('learns that the coordinator closes', async () => {
        await coordinator.close();
        expect(await closed()).to.deep.equal({ code: 1001, reason: 'coordinator closed', wasClean: true });
      });
    });
  }

  it('connects over TLS', async () => {
    const server = await pageServer(await certificate());
    const gateway = await serve({ server });
    await open(server, 'https');
    expect(gateway.url).to.match(/^wss:/);
    expect(await connect(gateway)).to.deep.include({ protocol: 'tailnet.v2.json' });
    await meet();
  });

  it('of somewhere else is refused, before anybody asks who it is', async () => {
    const origin = await open(await pageServer());
    const gateway = await serve({
      identify: () => {
        throw new Error('nobody should ask');
      },
    });
    expect(await connect(gateway)).to.equal('refused');
    expect(await gateway.event('rejected')).to.deep.include({
      status: 403,
      reason: `pages of the origin "${origin}" may not connect: it is not in the list of allowed origins`,
    });
  });

  it('of somewhere else is let in when its origin is allowed', async () => {
    const origin = await open(await pageServer());
    expect(await connect(await serve({ origins: [origin] }))).to.deep.include({ protocol: 'tailnet.v2.json' });
    await meet();
  });

  it('under a name that was made to point here is refused, though it came from the server itself', async () => {
    const server = await pageServer();
    const origin = (await open(server)).replace('127.0.0.1', rebound);
    const gateway = await serve({ server });
    expect(await connect(gateway)).to.deep.include({ protocol: 'tailnet.v2.json' });
    await page.goto(`${origin}/`);
    expect(await call('connectPeer', `${origin.replace('http', 'ws')}/api/v2/coordinate?id=${alice}`)).to.equal(
      'refused',
    );
    expect((await gateway.event('rejected')).reason).to.contain(origin);
  });

  it('without an origin is refused, and let in when "null" is allowed', async () => {
    const server = await pageServer();
    await open(server);
    const gateway = await serve({ server });
    const { url } = await serve({ origins: ['null'] });
    // A frame in a sandbox.
    const outcomes = await page.evaluate(`
      new Promise((resolve) => {
        onmessage = ({ data }) => resolve(data);
        const frame = document.createElement('iframe');
        frame.sandbox = 'allow-scripts';
        frame.srcdoc = \`<script>
          const outcome = (url) => new Promise((resolve) => {
            const webSocket = new WebSocket(url + '?id=${alice}', 'tailnet.v2.json');
            webSocket.onopen = () => resolve('open');
            webSocket.onerror = () => resolve('refused');
          });
          Promise.all(${JSON.stringify([gateway.url, url])}.map(outcome)).then((outcomes) => parent.postMessage(outcomes, '*'));
        </script>\`;
        document.body.append(frame);
      })`);
    expect(outcomes).to.deep.equal(['refused', 'open']);
    expect(await gateway.event('rejected')).to.include({ status: 403 });
  });
});
