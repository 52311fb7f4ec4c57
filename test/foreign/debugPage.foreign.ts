import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { Subscription, of, throwError } from 'rxjs';
import type { Observable } from 'rxjs';
import type { WatchUpdate } from '../../src/api.js';
import type { Overview, OverviewPeer, OverviewTunnel } from '../../src/db/overview.js';
import { IdentityError, debugRoutes, httpServer$, identityFromToken, routesUnder } from '../../src/gateways/index.js';
import type { DebugOptions } from '../../src/gateways/index.js';
import { observerAuth } from '../../src/index.js';
import { aNode } from '../../src/testing/index.js';
import { chromiumPath } from './chromium.js';
import { meshOf } from './meshOf.js';

const [alice, bob, carol, nobody] = [
  'a11ce000-0000-4000-8000-000000000001',
  'b0b00000-0000-4000-8000-000000000002',
  'ca401000-0000-4000-8000-000000000003',
  'dead0000-0000-4000-8000-000000000004',
];
const [first, second, silent] = [
  'c1000000-0000-4000-8000-000000000001',
  'c2000000-0000-4000-8000-000000000002',
  'c3000000-0000-4000-8000-000000000003',
];
const readAt = Date.UTC(2026, 0, 1);

const peer = (id: string, more: Partial<OverviewPeer> = {}): OverviewPeer => ({
  ...{ id, coordinatorId: first, status: 'ok', writtenAt: readAt - 5000 },
  ...more,
});
const tunnel = (src: string, dst: string): OverviewTunnel => ({
  ...{ src, dst, coordinatorId: first, writtenAt: readAt - 60_000 * 5 },
});
const small: Overview = {
  readAt,
  isPartial: false,
  coordinators: [
    { id: first, heartbeatAt: readAt - 500, isLive: true },
    { id: second, heartbeatAt: readAt - 1000, isLive: true },
    { id: silent, heartbeatAt: readAt - 40_000, isLive: false },
  ],
  peers: [peer(alice), peer(bob, { coordinatorId: second }), peer(carol, { coordinatorId: silent, status: 'lost' })],
  tunnels: [tunnel(alice, bob), tunnel(bob, alice), tunnel(carol, alice), tunnel(alice, nobody)],
};

/** Where the pictures of the documentation are kept: `docs/images`. Default: they are not. */
const pictures = process.env['DEBUG_PICTURES'];

describe('the debug page in a real browser', () => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let served: Subscription;
  let now: Overview;
  let isAway: boolean;
  let watch$: (id: string) => Observable<WatchUpdate>;
  /** What a page must never do: ask others, break its policy, fail. */
  let faults: string[];
  let origin: string;

  before(async () => {
    // Chromium refuses to run as root with its sandbox.
    browser = await chromium.launch({
      executablePath: chromiumPath(),
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
  });
  after(() => browser.close());

  beforeEach(() => {
    now = small;
    isAway = false;
    watch$ = () => of({ kind: 'disconnected' });
    faults = [];
    served = Subscription.EMPTY;
  });
  afterEach(async () => {
    await context.close();
    served.unsubscribe();
    expect(faults).to.deep.equal([]);
  });

  const serve = async (options: DebugOptions = {}, id = first, port = 0): Promise<void> => {
    const read = () => (isAway ? throwError(() => new Error('away')) : of(now));
    const coordinator = { id, watch$: (peerId: string) => watch$(peerId) };
    const routes = debugRoutes(coordinator, read, { limits: { readPeriod: 20 }, ...options });
    origin = await new Promise<string>((resolve, reject) => {
      served = httpServer$({ port, routes: routesUnder('/mesh', routes) }).subscribe({
        next: ({ url }) => resolve(url),
        error: reject,
      });
    });
  };

  /** Opens the page. Whatever it should not do is a fault, unless it is expected. */
  const open = async (path = '', options: BrowserContextOptions = {}): Promise<void> => {
    context = await browser.newContext({ viewport: { width: 1360, height: 820 }, ...options });
    page = await context.newPage();
    page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
    page.on('dialog', (dialog) => {
      faults.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('console', (message) => {
      const isRefusal = message.text().startsWith('Failed to load resource');
      if (['error', 'warning'].includes(message.type()) && !isRefusal) faults.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(`${origin}/mesh/debug/tailnet`)) faults.push(`asks ${request.url()}`);
    });
    await page.goto(`${origin}/mesh/debug/tailnet${path}`);
  };
  const live = () => page.locator('.state[data-state="live"]').waitFor();
  const show = async (path?: string, options?: BrowserContextOptions): Promise<void> => {
    await serve();
    await open(path, options);
    await live();
  };
  const text = (selector: string): Promise<string> => page.locator(selector).innerText();
  /** What stands in an attribute of all these elements. */
  const attributes = async (selector: string, name: string): Promise<(string | null)[]> => {
    const all = await page.locator(selector).all();
    return Promise.all(all.map((each) => each.getAttribute(name)));
  };
  const rows = () => attributes('.row', 'data-peer');
  /** Resolves when it says so. */
  const says = (selector: string, wanted: string) => page.locator(selector, { hasText: wanted }).first().waitFor();

  it('shows coordinators with their heartbeats, peers with where they are, and tunnels', async () => {
    await show();
    expect(await text('.totals')).to.match(/2\s+coordinators live, 1 silent\s+2\s+ok\s+1\s+lost\s+4\s+tunnels/);
    const cards = await page.locator('.coordinator').allInnerTexts();
    expect(cards).to.have.length(3);
    expect(cards[0]).to.match(/^c1000000\s+live\s+1 peer\s/);
    expect(cards[2]).to.match(/^c3000000\s+silent\s+1 peer\s.*4\d s ago$/s);
    await page.locator('.row').nth(2).waitFor();
    expect(await rows()).to.deep.equal([alice, bob, carol]);
    expect(await page.locator('.row').nth(2).innerText()).to.match(
      /^ca401000.*\s+1 tunnel\s+lost at\s+c3000000\s+\d+ s ago$/,
    );
    await page.locator('.row').first().click();
    expect(await text('#details')).to.match(
      /a11ce000-0000-4000-8000-000000000001\s+ok – connected\s+Connected at\s+c1000000\s+ok\s+written \d+ s ago/,
    );
    const links = await attributes('.link', 'title');
    expect(links).to.have.members([
      `${bob}: ok; opened by both`,
      `${carol}: lost; opened by the other`,
      `${nobody}: absent; opened by this peer`,
    ]);
    expect(await page.locator('#mesh').getAttribute('aria-label')).to.equal(
      'The mesh: 3 coordinators, 3 peers, 4 tunnels',
    );
    await page.locator(`.link[data-peer="${nobody}"]`).click();
    expect(await text('#details')).to.contain('absent – a tunnel leads to it, and it has no node');
  });

  it('shows a node when somebody wants to see it, and the new one when there is one', async () => {
    watch$ = () => of({ kind: 'node', node: aNode({ of: alice, derp: 3, addresses: ['fd7a::1/128'] }) });
    await show();
    await page.locator('.row').first().click();
    expect(await page.locator('[data-field]').count()).to.equal(0);
    await page.getByRole('button', { name: 'Show its node' }).click();
    await says('[data-field="addresses"]', 'fd7a::1/128');
    await says('[data-field="preferredDerp"]', '3');
    watch$ = () => of({ kind: 'node', node: aNode({ of: alice, derp: 9 }) });
    now = { ...now, peers: [peer(alice, { writtenAt: readAt }), ...now.peers.slice(1)] };
    await says('[data-field="preferredDerp"]', '9');
  });

  it('is live: peers come, are lost, and go; a coordinator falls silent', async () => {
    await show();
    await page.locator('.row').nth(2).waitFor();
    now = { ...now, peers: [...now.peers, peer(nobody)] };
    await page.locator(`.row[data-peer="${nobody}"]`).waitFor();
    now = { ...now, peers: [peer(alice, { status: 'lost' }), ...now.peers.slice(1)] };
    await page.locator(`.row[data-peer="${alice}"] .word-lost`).waitFor();
    now = { ...now, peers: now.peers.filter(({ id }) => id !== bob), tunnels: [] };
    await page.locator(`.row[data-peer="${bob}"]`).waitFor({ state: 'detached' });
    await says('#total-tunnels', '0');
    now = { ...now, coordinators: now.coordinators.map((each) => ({ ...each, isLive: false })) };
    await says('.totals', '0 coordinators live, 3 silent');
  });

  it('says when the database is away, and shows what it knew; and goes on by itself', async () => {
    await show();
    isAway = true;
    await says('.banner', 'The database cannot be read now. What you see was read before.');
    expect(await rows()).to.have.length(3);
    isAway = false;
    await live();
    await page.locator('.banner').waitFor({ state: 'hidden' });
  });

  it('says nothing of peers before the database could be read', async () => {
    isAway = true;
    await serve();
    await open();
    await says('.banner', 'The database cannot be read now.');
    expect(await text('#empty')).to.equal('');
    isAway = false;
    await live();
  });

  it('says when the coordinator is away, and comes back to it', async () => {
    await show();
    const port = Number(new URL(origin).port);
    served.unsubscribe();
    await says('.state', 'not connected');
    await serve({}, second, port);
    await live();
    await says('#read-by', second.slice(0, 8));
  });

  it('finds peers by parts of ids, by coordinators and by status', async () => {
    await show();
    const found = async (query: string): Promise<readonly (string | null)[]> => {
      await page.locator('#search').fill(query);
      return rows();
    };
    expect(await found('A11C')).to.deep.equal([alice]);
    expect(await found('b0b000000000')).to.deep.equal([bob]);
    expect(await found('c2000000')).to.deep.equal([bob]);
    expect(await found('lost')).to.deep.equal([carol]);
    expect(await found('lost a11')).to.deep.equal([]);
    expect(await text('#empty')).to.equal('No peer is like that.');
    expect(await found('dead')).to.deep.equal([nobody]);
    expect(await found('')).to.deep.equal([alice, bob, carol]);
    await page.locator('.coordinator', { hasText: 'c1000000' }).click();
    expect(await rows()).to.deep.equal([alice]);
    expect(await text('#peers-count')).to.equal('1 of 3');
  });

  it('is used with the keyboard alone', async () => {
    await show();
    await page.locator('.row').nth(2).waitFor();
    const title = () => page.locator('#details .title').innerText();
    await page.keyboard.press('ArrowDown');
    expect(await title()).to.equal(alice);
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    await page.keyboard.type('000000');
    await page.keyboard.press('ArrowDown');
    expect(await title()).to.equal(alice);
    await page.keyboard.press('ArrowDown');
    expect(await title()).to.equal(bob);
    expect(await page.locator('#list').getAttribute('aria-activedescendant')).to.equal(`peer-${bob}`);
    await page.keyboard.press('End');
    expect(await title()).to.equal(nobody);
    await page.keyboard.press('Home');
    expect(await title()).to.equal(alice);
    expect(page.url()).to.match(new RegExp(`#peer=${alice}$`));
    await page.keyboard.press('m');
    expect(await page.locator('#mesh').getAttribute('aria-label')).to.equal(`Peer ${alice} and 3 others around it`);
    await page.keyboard.press('Escape');
    expect(await page.locator('#mesh').getAttribute('aria-label')).to.match(/^The mesh/);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.id')).to.equal('show-node');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await title()).to.equal(bob);
    await page.keyboard.press('Escape');
    expect(await text('#details h2')).to.equal('No peer is selected');
  });

  it('takes what a peer says for text, whatever that is', async () => {
    const evil = [
      '<img src=x onerror=alert(1)>',
      '"><script>alert(2)</script>',
      "javascript:alert(3)//'",
      '</dd><iframe srcdoc="<script>parent.alert(4)</script>">',
      '\u202egnirts',
    ];
    watch$ = () =>
      of({
        kind: 'node',
        node: aNode({
          of: alice,
          derp: 1,
          addresses: evil,
          allowedIps: evil,
          endpoints: evil,
          disco: evil[1]!,
          derpForcedWebsocket: { 1: evil[0]! },
          derpLatency: { [evil[0]!]: 1 },
        }),
      });
    // Ids are UUIDs, of which the database sees to it. Even so.
    now = { ...now, peers: [peer(alice), peer(evil[0]!)], tunnels: [tunnel(alice, evil[1]!)] };
    await show();
    await page.locator('.row').nth(1).waitFor();
    await page.locator(`.row[data-peer="${alice}"]`).click();
    await page.getByRole('button', { name: 'Show its node' }).click();
    await says('[data-field="addresses"]', evil[0]!);
    expect(await page.locator('[data-field="endpoints"] p').allTextContents()).to.deep.equal(evil);
    expect(await page.locator('main img, main script, main iframe').count()).to.equal(0);
    // And if the page were careless: its policy takes no text for an element, and no element for a script.
    const careless = page.evaluate(`document.body.innerHTML = '<img src=x onerror=alert(5)>'`);
    expect(
      await careless.then(
        () => 'done',
        (error: unknown) => String(error),
      ),
    ).to.match(/TrustedHTML/);
    expect(faults.filter((fault) => fault.includes('TrustedHTML'))).to.have.length(1);
    faults = faults.filter((fault) => !fault.includes('TrustedHTML'));
  });

  it('shows 5,000 peers and 10,000 tunnels, of which there are no more rows than can be seen', async () => {
    now = meshOf({ peers: 5000, coordinators: 5, readAt });
    await show();
    await says('#peers-count', '5,000');
    const all = now.peers.map(({ id }) => id).sort();
    await page.locator('.row').first().waitFor();
    expect((await rows()).length).to.be.below(60);
    await page.locator('#list').focus();
    await page.keyboard.press('End');
    await page.locator(`.row[data-peer="${all.at(-1)!}"][aria-selected="true"]`).waitFor();
    expect((await rows()).length).to.be.below(60);
    await page.locator('#search').fill(all[2500]!);
    await page.locator(`.row[data-peer="${all[2500]!}"]`).waitFor();
    expect(await rows()).to.deep.equal([all[2500]]);
    // It is drawn: not all of the picture is one colour.
    const colours = await page.evaluate(`
      new Set(new Uint32Array(document.getElementById('mesh').getContext('2d').getImageData(0, 0, 500, 400).data.buffer)).size`);
    expect(colours).to.be.above(20);
    now = { ...now, peers: now.peers.filter(({ id }) => id !== all[2500]), tunnels: [] };
    await page.locator('.row').waitFor({ state: 'detached' });
  });

  it('is dark where the system is, and light where that is', async () => {
    await serve();
    const ground = async (colorScheme: 'dark' | 'light'): Promise<number> => {
      await open('', { colorScheme });
      await live();
      const colour = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      if (colorScheme === 'dark') await context.close();
      return Math.max(...[...colour.matchAll(/\d+/g)].map(Number));
    };
    expect(await ground('dark')).to.be.below(40);
    expect(await ground('light')).to.be.above(220);
  });

  describe('where a token is needed', () => {
    const asked: string[] = [];
    const identify = identityFromToken((token) =>
      token === 'good'
        ? of({ id: alice, name: 'Olga', role: 'observer', auth: observerAuth() })
        : throwError(() => new IdentityError('token has a wrong signature', 401)),
    );
    beforeEach(async () => {
      asked.length = 0;
      await serve({ identify });
    });
    afterEach(() => expect(asked.filter((url) => url.includes('good') || url.includes('token='))).to.deep.equal([]));

    it('takes it from a form, says when it is wrong, and needs it once for each tab', async () => {
      await open();
      page.on('request', (request) => asked.push(request.url()));
      const token = page.locator('#token');
      await token.fill('bad');
      await page.keyboard.press('Enter');
      await says('#door-reason', 'That token does not open: token has a wrong signature.');
      expect(await page.locator('.row').count()).to.equal(0);
      await page.keyboard.press('Escape');
      expect(await page.locator('#door').isVisible()).to.equal(true);
      await token.fill('good');
      await page.keyboard.press('Enter');
      await live();
      await page.locator('#door').waitFor({ state: 'hidden' });
      await page.reload();
      await live();
    });

    it('takes it from the fragment, which no server sees, and takes it away from there', async () => {
      await open(`#token=good&peer=${bob}`);
      page.on('request', (request) => asked.push(request.url()));
      await live();
      expect(page.url()).to.equal(`${origin}/mesh/debug/tailnet#peer=${bob}`);
      await says('#details .title', bob);
    });
  });

  describe('for the documentation', () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      it(`is drawn ${colorScheme}`, async () => {
        now = meshOf({ peers: 260, coordinators: 3, readAt });
        watch$ = (id) =>
          of({
            kind: 'node',
            node: aNode({
              of: id,
              derp: 7,
              addresses: ['fd7a:115c:a1e0::7/128'],
              endpoints: ['192.0.2.7:41641', '198.51.100.4:41641'],
            }),
          });
        await serve({}, now.coordinators[0]!.id);
        await open('', { colorScheme, reducedMotion: 'reduce' });
        await live();
        const busiest = [...now.tunnels].map(({ dst }) => dst).sort()[60]!;
        await page.locator('#search').fill(busiest.slice(0, 2));
        await page.locator(`.row[data-peer="${busiest}"]`).click();
        await page.getByRole('button', { name: 'Show its node' }).click();
        await page.locator('[data-field="endpoints"]').waitFor();
        await page.mouse.move(5, 5);
        const picture = await page.screenshot();
        expect(picture.length).to.be.below(400_000);
        if (pictures !== undefined) writeFileSync(join(pictures, `debug-${colorScheme}.png`), picture);
      });
    }
  });
});
