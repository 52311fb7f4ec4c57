import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import type { Coordinator } from '../../src/api.js';
import { createCoordinator } from '../../src/coordinator.js';
import { identityFromToken, jwtSecret, jwtVerifier } from '../../src/gateways/index.js';
import type { WebSocketGatewayOptions } from '../../src/gateways/index.js';
import { alice, bob, memoryDatabase, testPeer, type TestPeer } from '../../src/testing/index.js';
import { clock, mint, secret } from '../auth/jwt/mint.js';
import { browserBundle } from '../client/browserBundle.js';
import { ServedGateway } from '../gateways/servedGateway.js';
import { chromiumPath } from './chromium.js';
import { pageServer } from './pageServer.js';

/** What a page would write. */
const program = `
  import { Subject, of } from 'rxjs';
  import { tailnetClient$ } from 'tailnet-coordinator/client';

  const goodbye$ = new Subject();
  export const states = [];
  export const leave = () => goodbye$.next();
  let changed = () => {};
  export const start = (options) => {
    const inputs = { node$: of({ preferredDerp: 7 }), tunnels$: of(options.tunnels), goodbye$, backoff: { initial: 50, max: 50 } };
    const subscription = tailnetClient$({ ...options, ...inputs }).subscribe({
      next: ({ connection, peers, changes }) => {
        const known = [...peers.values()].map(({ node, status, isReadyForHandshake }) =>
          [node.preferredDerp, status, ...(isReadyForHandshake ? ['ready'] : [])].join(' '));
        states.push([connection.kind, connection.code, ...known, ...changes.map(({ kind }) => kind)].join(' '));
        changed();
      },
      error: (error) => (states.push(String(error)), changed()),
      complete: () => (states.push('complete'), changed()),
    });
    stop = () => subscription.unsubscribe();
  };
  export let stop;
  /** Resolves when such a state has come. */
  export const sees = async (text) => {
    while (!states.some((state) => state.includes(text))) await new Promise((resolve) => (changed = resolve));
  };
`;

describe('a client in a page in a real browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  let script: string;
  let page: Page;
  let server: Server;
  let coordinator: Coordinator;
  let gateway: ServedGateway;
  let bobs: TestPeer;
  const database = memoryDatabase();

  before(async () => {
    // Chromium refuses to run as root with its sandbox.
    browser = await chromium.launch({
      executablePath: chromiumPath(),
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
    script = (await browserBundle(program)).text;
  });
  after(() => browser.close());

  beforeEach(async () => {
    page = await browser.newPage();
    server = await pageServer();
    coordinator = createCoordinator({ database });
    bobs = testPeer(coordinator, bob);
    await page.goto(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`);
    await page.addScriptTag({ content: script });
  });
  afterEach(async () => {
    await page.close();
    gateway.subscription.unsubscribe();
    server.close();
    server.closeAllConnections();
    await coordinator.close();
  });

  const serve = async (options: Pick<WebSocketGatewayOptions, 'identify'> = {}): Promise<void> => {
    gateway = await ServedGateway.start(coordinator, { server, ...options });
  };
  const start = (options: object = {}) =>
    page.evaluate(`tailnet.start(${JSON.stringify({ url: gateway.url, id: alice, tunnels: [bob], ...options })})`);
  const sees = (text: string) => page.evaluate(`tailnet.sees(${JSON.stringify(text)})`);

  it('sees another peer and is seen, and says goodbye', async () => {
    await serve();
    await start();
    bobs.updateDerp(3);
    await sees('connected  3 ok node');
    await bobs.eventuallyHasDerp(alice, 7);
    await bobs.eventuallyReadyForHandshake(alice);
    bobs.readyForHandshake(alice);
    await sees('connected  3 ok ready readyForHandshake');
    await page.evaluate('tailnet.leave()');
    await sees('closed 1000 disconnected');
    await sees('complete');
    await bobs.eventuallyDisconnected(alice);
  });

  it('loses all when its coordinator goes, and finds them when another one comes', async () => {
    await serve();
    await start();
    bobs.updateDerp(3);
    await sees('connected  3 ok node');
    await coordinator.close();
    await sees('waiting 1001 3 lost lost');
    gateway.subscription.unsubscribe();
    coordinator = createCoordinator({ database });
    bobs = testPeer(coordinator, bob);
    await serve();
    bobs.updateDerp(4);
    await sees('connected  4 ok node');
    await bobs.eventuallyHasDerp(alice, 7);
  });

  it('is lost for others when it stops, or the page goes', async () => {
    await serve();
    await start();
    await bobs.eventuallyHasDerp(alice, 7);
    await page.evaluate('tailnet.stop()');
    await bobs.eventuallyLost(alice);
  });

  it('shows its token in the query, and is not told why it is refused without one', async () => {
    await serve({ identify: identityFromToken(jwtVerifier({ keys: jwtSecret(secret), scheduler: clock() })) });
    await start();
    await sees('waiting 1006');
    await page.evaluate('tailnet.stop()');
    await start({ token: mint({ sub: alice }) });
    await sees('connected');
  });

  it('gives up when it is refused', async () => {
    await serve();
    await start({ role: 'agent' });
    await sees('TailnetClientError: the coordinator refuses this peer: 1008 authorization: ');
    expect(await page.evaluate<string>('tailnet.states.at(-2)')).to.match(/^closed 1008/);
  });
});
