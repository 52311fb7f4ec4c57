import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { expect } from 'chai';
import { BehaviorSubject, Subject, of, throwError } from 'rxjs';
import { peerAuth } from '../../../src/auth/peerAuth.js';
import { debugRoutes, identityFromToken, IdentityError } from '../../../src/gateways/index.js';
import type { Identity } from '../../../src/gateways/index.js';
import { plainTables } from '../../../src/gateways/debug/plainTables.js';
import { observerAuth } from '../../../src/index.js';
import { nodeToJson } from '../../../src/proto/json.js';
import { aNode } from '../../../src/testing/index.js';
import { alice, bob } from '../gatewayFixture.js';
import { DebugFixture, first, overview } from './debugFixture.js';

const observer: Identity = { id: alice, name: 'Olga', role: 'observer', auth: observerAuth() };
const whole = JSON.stringify({ answeredBy: first, ...overview() });
const pageFolder = new URL('../../../src/gateways/debug/page/', import.meta.url);

describe('the debug page', () => {
  let fixture: DebugFixture;
  beforeEach(() => {
    fixture = new DebugFixture();
  });
  afterEach(() => fixture.end());
  const get: DebugFixture['http']['answer'] = (url, options) => fixture.http.answer(url, options);

  describe('itself', () => {
    it('is for everybody, below the base path, with all that it is made of', async () => {
      const nobody = () => throwError(() => new IdentityError('who are you?', 401));
      const url = await fixture.serve({ identify: nobody }, '/mesh');
      expect(url).to.match(/\/mesh\/debug\/tailnet$/);
      for (const file of readdirSync(pageFolder)) {
        const { response } = await fixture.http.read(`${url}/${file}`);
        expect(response, file).to.include({ statusCode: 200 });
        expect(response.headers['content-type'], file).to.match(/^(text\/(html|css|javascript)|image\/svg)/);
      }
      const page = await get(url);
      expect(page).to.deep.equal({ status: 200, text: readFileSync(new URL('page.html', pageFolder), 'utf8') });
      // What it names is below it, and there.
      for (const [, path = ''] of page.text.matchAll(/(?:src|href)="([^"]+)"/g)) {
        expect(await get(new URL(path, url).href), path).to.include({ status: 200 });
      }
      expect(await get(`${url}/nothing.js`)).to.include({ status: 404 });
      expect(await get(`${url}/..%2fdebugPage.js`)).to.include({ status: 404 });
      expect(await get(url, { method: 'POST' })).to.include({ status: 405 });
      expect(fixture.readings).to.deep.equal([]);
    });

    describe('for who runs no scripts', () => {
      it('shows all there is where everybody may look', async () => {
        fixture.answer = overview;
        const { status, text } = await get(await fixture.serve());
        expect(status).to.equal(200);
        expect(text).to.contain(plainTables(overview(), first));
        expect(text).not.to.contain('scripts are turned off');
      });

      for (const [who, options, headers] of [
        ['where tokens are asked for', { identify: () => observer }, {}],
        ['where the page of a stranger asks', {}, { origin: 'https://stranger.example' }],
        ['by a name that may have been made to point here', {}, { host: 'stranger.example' }],
      ] as const) {
        it(`shows nothing ${who}`, async () => {
          fixture.answer = overview;
          const page = readFileSync(new URL('page.html', pageFolder), 'utf8');
          expect(await get(await fixture.serve(options), { headers })).to.deep.equal({ status: 200, text: page });
          expect(fixture.readings).to.deep.equal([]);
        });
      }

      it('has nothing read for who asks for no more than the head', async () => {
        fixture.answer = overview;
        expect(await get(await fixture.serve(), { method: 'HEAD' })).to.deep.equal({ status: 200, text: '' });
        expect(fixture.readings).to.deep.equal([]);
      });

      it('shows nothing when the tables cannot be read, or not soon', async () => {
        const page = readFileSync(new URL('page.html', pageFolder), 'utf8');
        const url = await fixture.serve();
        const late = get(url);
        await fixture.reading();
        expect(await late).to.deep.equal({ status: 200, text: page });
        const broken = get(url);
        fixture.readings[0]?.error(new Error('no database'));
        expect(await broken).to.deep.equal({ status: 200, text: page });
      });

      it('shows nothing to more than may look at the same time', async () => {
        const page = readFileSync(new URL('page.html', pageFolder), 'utf8');
        const url = await fixture.serve({ limits: { maxViewers: 1 } });
        const one = get(url);
        const reading = await fixture.reading();
        expect(await get(url)).to.deep.equal({ status: 200, text: page });
        reading.next(overview());
        expect((await one).text).to.contain(plainTables(overview(), first));
      });
    });

    it('runs nothing but what came with it, is in no frame, and is kept by nobody', async () => {
      fixture.answer = overview;
      const { response } = await fixture.http.read(await fixture.serve());
      const { 'content-security-policy': policy = '', ...headers } = response.headers;
      expect(headers).to.include({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      });
      expect(String(policy).split('; ')).to.include.members([
        ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "base-uri 'none'"],
        ...[
          "form-action 'none'",
          "frame-ancestors 'none'",
          "require-trusted-types-for 'script'",
          "trusted-types 'none'",
        ],
      ]);
      expect(policy).not.to.match(/unsafe|https?:|\*/);
    });
  });

  describe('as JSON', () => {
    it('answers with all there is, and has it read once for all who ask at the same time', async () => {
      const url = await fixture.serve();
      const answers = [1, 2, 3].map(() => fixture.http.read(`${url}.json`));
      const reading = await fixture.reading();
      reading.next(overview());
      for (const answer of await Promise.all(answers)) {
        expect(answer.response.headers).to.include({
          ...{ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
          'x-content-type-options': 'nosniff',
        });
        expect(await answer.complete()).to.equal(`${whole}\n`);
      }
      expect(await get(`${url}.json`)).to.deep.equal({ status: 200, text: `${whole}\n` });
      expect(fixture.readings).to.have.length(1);
    });

    it('answers with 503 when the database cannot be read, and tells only the operator why', async () => {
      const url = await fixture.serve();
      const asking = get(`${url}.json`);
      const why = new Error('postgres://secret');
      (await fixture.reading()).error(why);
      expect(await asking).to.deep.equal({ status: 503, text: 'the database cannot be read now\n' });
      expect(fixture.troubles).to.deep.equal([why]);
    });
  });

  describe('as events', () => {
    const events = (url: string) => fixture.http.read(`${url}/events`);
    const eventOf = (name: string, data: string) => `event: ${name}\ndata: ${data}\n\n`;

    it('begins with all there is, and goes on with what changes', async () => {
      const url = await fixture.serve({ limits: { readPeriod: 1 } });
      let now = overview();
      fixture.answer = () => now;
      const answer = await events(url);
      expect(answer.response.headers).to.include({ 'content-type': 'text/event-stream; charset=utf-8' });
      await answer.until(eventOf('overview', whole));
      now = overview({ readAt: 11_000, tunnels: [] });
      const { coordinators, tunnels } = overview();
      const changes = { coordinators, peers: { written: [], gone: [] }, tunnels: { written: [], gone: tunnels } };
      await answer.until(eventOf('changes', JSON.stringify({ readAt: 11_000, isPartial: false, ...changes })));
      expect(answer.text.match(/event: overview/g)).to.have.length(1);
    });

    it('says when the database cannot be read, and goes on when it can', async () => {
      const url = await fixture.serve({ limits: { readPeriod: 1 } });
      let isAway = true;
      fixture.answer = () => {
        if (isAway) throw new Error('away');
        return overview();
      };
      const answer = await events(url);
      await answer.until(eventOf('trouble', '{"reason":"the database cannot be read now"}'));
      isAway = false;
      await answer.until(eventOf('overview', whole));
      expect(fixture.troubles).to.have.length(1);
    });

    it('lets go of the database when the last viewer leaves', async () => {
      const answer = await events(await fixture.serve());
      await fixture.reading();
      answer.response.destroy();
      await fixture.abandoned();
    });

    it('gives who does not read the newest only, as a whole', async () => {
      const url = new URL(await fixture.serve({ limits: { readPeriod: 1 } }));
      let readAt = 0;
      const name = 'x'.repeat(1_000_000);
      fixture.answer = () =>
        overview({ readAt: ++readAt, coordinators: [{ id: name + String(readAt), heartbeatAt: 0, isLive: true }] });
      const socket = connect(Number(url.port), url.hostname);
      socket.pause();
      socket.write(`GET ${url.pathname}/events HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`);
      // Far more than the buffers of the sockets hold would have been sent by then.
      await fixture.reading(60);
      const before = readAt;
      const seen: string[] = [];
      let rest = '';
      await new Promise<void>((resolve) => {
        socket.setEncoding('latin1').on('data', (piece: string) => {
          rest += piece;
          for (const [, kind = '', at = ''] of rest.matchAll(
            /event: (\w+)\ndata: \{(?:"answeredBy":"[^"]*",)?"readAt":(\d+)/g,
          )) {
            const event = `${kind} ${at}`;
            if (!seen.includes(event)) seen.push(event);
            if (Number(at) >= before) resolve();
          }
          rest = rest.slice(-200);
        });
        socket.resume();
      });
      socket.destroy();
      const first = seen.findIndex((event) => Number(event.split(' ')[1]) >= before);
      expect(seen[first]).to.match(/^overview /);
      expect(first).to.be.below(30);
    });

    it('ends when the server drains, and lets nobody in then', async () => {
      const draining$ = new BehaviorSubject(false);
      const url = await fixture.serve({ draining$ });
      fixture.answer = overview;
      const answer = await events(url);
      await answer.until('event: overview');
      draining$.next(true);
      expect(await answer.complete()).to.contain(eventOf('closed', '{"reason":"shutting down"}'));
      expect(await get(`${url}.json`)).to.deep.equal({ status: 503, text: 'shutting down\n' });
    });

    it('are not for who takes none', async () => {
      const url = await fixture.serve();
      expect(await get(`${url}/events`, { headers: { accept: 'text/html' } })).to.include({ status: 406 });
      expect(await get(`${url}/events`, { method: 'HEAD' })).to.deep.equal({ status: 200, text: '' });
      expect(fixture.readings).to.deep.equal([]);
    });

    it('are refused behind another answer over the same connection', async () => {
      const url = new URL(await fixture.serve({ limits: { maxViewers: 2 } }));
      fixture.answer = overview;
      const socket = connect(Number(url.port), url.hostname);
      const request = `GET ${url.pathname}/events HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`;
      socket.write(request + request);
      await new Promise<void>((resolve) => {
        let all = '';
        socket.on('data', (piece) => {
          all += String(piece);
          if (all.includes('event: overview')) resolve();
        });
      });
      // The second one takes no place, which nobody would ever see it leave.
      expect(await get(`${url.href}.json`)).to.include({ status: 200 });
      socket.destroy();
    });
  });

  describe('of one peer', () => {
    it('answers with its status and its node', async () => {
      const url = await fixture.serve();
      const node = aNode({ of: bob, derp: 3 });
      for (const [kind, status] of [
        ['node', 'ok'],
        ['lost', 'lost'],
      ] as const) {
        fixture.watch$ = () => of({ kind, node });
        const answer = await get(`${url}/peers/${bob.toUpperCase()}`);
        expect(answer.status).to.equal(200);
        expect(JSON.parse(answer.text)).to.deep.equal({
          id: bob,
          status,
          node: JSON.parse(nodeToJson(node)) as unknown,
        });
      }
      fixture.watch$ = () => of({ kind: 'disconnected' });
      expect(JSON.parse((await get(`${url}/peers/${bob}`)).text)).to.deep.equal({
        id: bob,
        status: 'absent',
        node: null,
      });
    });

    it('answers with 503 when nothing can be known, and with 400 for what is no id', async () => {
      const url = await fixture.serve({ limits: { answerTimeout: 1 } });
      expect(await get(`${url}/peers/${bob}`)).to.deep.equal({
        status: 503,
        text: 'the database cannot be read now\n',
      });
      fixture.watch$ = () => of({ kind: 'closed', reason: 'coordinator unhealthy' });
      expect(await get(`${url}/peers/${bob}`)).to.deep.equal({ status: 503, text: 'coordinator unhealthy\n' });
      expect(await get(`${url}/peers/bob`)).to.deep.equal({
        ...{ status: 400, text: 'the id in the path must be the UUID of a peer, got "bob"\n' },
      });
      const nil = '00000000-0000-0000-0000-000000000000';
      expect(await get(`${url}/peers/${nil}`)).to.deep.equal({
        status: 400,
        text: 'the id in the path must not be the nil UUID\n',
      });
    });
  });

  describe('shows what there is to', () => {
    const paths = ['.json', '/events', `/peers/${bob}`];
    const withToken = { headers: { authorization: 'Bearer x' } };

    const refusals: readonly (readonly [
      who: string,
      identity: Identity | IdentityError,
      status: number,
      reason: string,
    ])[] = [
      ['nobody without a name', new IdentityError('token expired', 401), 401, 'token expired'],
      [
        'no peer',
        { ...observer, role: 'peer', auth: peerAuth() },
        403,
        'only an observer may look at everything, and this is of the role peer',
      ],
      [
        'no agent',
        { ...observer, role: 'agent' },
        403,
        'only an observer may look at everything, and this is of the role agent',
      ],
    ];
    for (const [who, identity, status, reason] of refusals) {
      it(who, async () => {
        const identify = () => (identity instanceof IdentityError ? throwError(() => identity) : identity);
        const url = await fixture.serve({ identify });
        for (const path of paths) {
          expect(await get(url + path, withToken), path).to.deep.equal({ status, text: `${reason}\n` });
        }
        expect(fixture.readings).to.deep.equal([]);
        expect(fixture.events).to.have.length(paths.length);
        expect(fixture.events[0]).to.include({ kind: 'rejected', status, reason, remoteAddress: '127.0.0.1' });
      });
    }

    it('an observer, until they are none any more', async () => {
      const ends$ = new Subject<string>();
      const url = await fixture.serve({ identify: () => of({ ...observer, ends$ }) });
      fixture.answer = overview;
      fixture.watch$ = () => of({ kind: 'disconnected' });
      for (const path of ['.json', `/peers/${bob}`])
        expect(await get(url + path, withToken)).to.include({ status: 200 });
      const answer = await fixture.http.read(`${url}/events`, withToken);
      await answer.until('event: overview');
      ends$.next('token revoked');
      expect(await answer.complete()).to.contain('event: closed\ndata: {"reason":"token revoked"}\n\n');
    });

    it('nobody without a token, who is not told to put one in the query either', async () => {
      const url = await fixture.serve({ identify: identityFromToken(() => of(observer)) });
      for (const path of paths) {
        expect(await get(`${url}${path}`), path).to.deep.equal({
          ...{ status: 401, text: 'a token is required: in the header "Authorization: Bearer …"\n' },
        });
      }
    });

    it('nobody with a token in the query, which is logged', async () => {
      const url = await fixture.serve({ identify: () => observer });
      for (const path of paths) {
        expect(await get(`${url}${path}?token=x`), path).to.deep.equal({
          ...{
            status: 400,
            text: 'a token to look with belongs in the header "Authorization: Bearer …": what is in a query is logged\n',
          },
        });
      }
    });

    it('no page of somewhere else', async () => {
      const url = await fixture.serve({ origins: ['https://dashboard.example'] });
      fixture.answer = overview;
      const page = (origin: string) => ({ headers: { origin } });
      for (const path of paths) {
        expect(await get(url + path, page('https://evil.example'))).to.deep.equal({
          ...{
            status: 403,
            text: 'pages of the origin "https://evil.example" may not connect: it is not in the list of allowed origins\n',
          },
        });
      }
      const { response } = await fixture.http.read(`${url}.json`, page('https://dashboard.example'));
      expect(response).to.include({ statusCode: 200 });
      expect(response.headers).to.include({ 'access-control-allow-origin': 'https://dashboard.example' });
      expect(await get(`${url}.json`, page(new URL(url).origin))).to.include({ status: 200 });
    });

    it('no more than may look at the same time', async () => {
      const url = await fixture.serve({ limits: { maxViewers: 1 } });
      fixture.answer = overview;
      await (await fixture.http.read(`${url}/events`)).until('event: overview');
      expect(await get(`${url}.json`)).to.deep.equal({ status: 503, text: 'too many viewers: at most 1\n' });
    });

    it('no more than may look at the same time, those included who do not read what they asked for', async () => {
      const url = new URL(await fixture.serve({ limits: { maxViewers: 1 } }));
      // More than the system takes for a client that reads nothing.
      const peers = Array.from({ length: 200_000 }, () => ({ ...overview().peers[0]! }));
      fixture.answer = () => overview({ peers });
      const socket = connect(Number(url.port), url.hostname);
      socket.write(`GET ${url.pathname}.json HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`);
      await once(socket, 'readable');
      expect(await get(`${url.href}.json`)).to.include({ status: 503 });
      socket.destroy();
    });
  });

  it('is not made with limits that are none', () => {
    const make = (limits: object) => () =>
      debugRoutes({ id: first, watch$: () => of() }, () => of(overview()), { limits });
    expect(make({ maxViewers: 0 })).to.throw(RangeError, 'maxViewers must be a number above 0, got 0');
    expect(make({ readPeriod: -1 })).to.throw(RangeError, 'readPeriod must be a number above 0, got -1');
  });
});
