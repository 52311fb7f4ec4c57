import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { firstValueFrom, VirtualTimeScheduler } from 'rxjs';
import { jwksUrl, jwtVerifier, type JwksUrlOptions, type KeysEvent } from '../../../src/auth/jwt/index.js';
import { alice } from '../../../src/testing/index.js';
import { clock, edDsa, es256, good, jwkOf, keyPairs, token } from './mint.js';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

const publishes =
  (...keys: readonly object[]): Answer =>
  (response) =>
    response.end(JSON.stringify({ keys }));

const first = jwkOf(keyPairs.ed.publicKey, { kid: 'first' });
const second = jwkOf(keyPairs.ec.publicKey, { kid: 'second' });
const firstToken = token({ alg: 'EdDSA', kid: 'first' }, good, edDsa());
const secondToken = token({ alg: 'ES256', kid: 'second' }, good, es256());

describe('jwksUrl', () => {
  let answer: Answer;
  let requests: string[];
  let url: string;
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(response, request);
  });
  before(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys?tenant=secret`;
  });
  beforeEach(() => {
    requests = [];
    answer = publishes(first);
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const issuer = (options: JwksUrlOptions = {}) => {
    const events: KeysEvent[] = [];
    const time = clock();
    // Fetches are timed in real time, ages in the time of the test.
    const scheduler = options.scheduler ?? time;
    const keys = jwksUrl(url, { ...options, scheduler, onEvent: (event) => events.push(event) });
    const verify = jwtVerifier({ keys, scheduler: time });
    const outcome = (made: string) =>
      firstValueFrom(verify(made)).then(
        ({ id }) => id,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
    return { events, time, outcome };
  };

  /** The problem that an operator is told of. */
  const problem = (events: readonly KeysEvent[]): string => {
    const [event] = events;
    return event?.kind === 'failed' && event.error instanceof Error ? event.error.message : JSON.stringify(event);
  };

  it('verifies with the keys that are published', async () => {
    const { outcome, events } = issuer();
    expect(await outcome(firstToken)).to.equal(alice);
    expect(await outcome(firstToken)).to.equal(alice);
    expect(requests).to.deep.equal(['GET /keys?tenant=secret']);
    expect(events).to.deep.equal([{ kind: 'loaded', count: 1, ids: ['first'] }]);
  });

  it('notices that keys were rotated: new ones at once, old ones in time', async () => {
    const { outcome, time } = issuer();
    expect(await outcome(firstToken)).to.equal(alice);
    answer = publishes(second);
    expect(await outcome(secondToken)).to.equal('token is signed with a key that is not known here');
    time.frame += 30_000;
    expect(await outcome(secondToken)).to.equal(alice);
    expect(await outcome(firstToken)).to.equal('token is signed with a key that is not known here');
    answer = publishes(first, second);
    time.frame += 600_000;
    expect(await outcome(firstToken)).to.equal(alice);
    expect(requests).to.have.length(3);
  });

  it('verifies tokens that name no key', async () => {
    answer = publishes({ ...first, kid: undefined, x: jwkOf(keyPairs.ed.publicKey)['x'] }, second);
    const { outcome } = issuer();
    expect(await outcome(token({ alg: 'EdDSA' }, good, edDsa()))).to.equal(alice);
    expect(await outcome(token({ alg: 'ES256' }, good, es256()))).to.equal(alice);
  });

  it('goes on with the keys that it has when the issuer is away', async () => {
    const { outcome, time } = issuer();
    expect(await outcome(firstToken)).to.equal(alice);
    answer = (response) => response.destroy();
    time.frame += 600_000;
    expect(await outcome(firstToken)).to.equal(alice);
    expect(await outcome(secondToken)).to.equal('the keys for tokens cannot be read now');
  });

  const failures: readonly (readonly [name: string, answer: Answer, problem: RegExp])[] = [
    ['hangs up', (response) => response.destroy(), /: .+/],
    ['has a defect', (response) => response.writeHead(500).end('{"keys":[]}'), /: HTTP 500$/],
    ['has nothing there', (response) => response.writeHead(404).end('x'.repeat(100_000)), /: HTTP 404$/],
    [
      'sends us elsewhere',
      (response) => response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end(),
      /: unexpected redirect$/,
    ],
    ['publishes a page', (response) => response.end('<html>'), /: there is no PEM, JWK or JWK Set$/],
    ['publishes nothing', publishes(), /: there is a JWK Set without a key/],
    ['publishes a private key', publishes(first, jwkOf(keyPairs.ec.privateKey)), /: there is a private key/],
    ['publishes too much', (response) => response.end('x'.repeat(600 * 1024)), /: it is larger than 512 KiB$/],
    [
      'never stops',
      (response) => {
        const more = () => response.write('x'.repeat(64 * 1024)) || true;
        response.on('drain', more);
        more();
        response.write('x'.repeat(64 * 1024));
      },
      /: it is larger than 512 KiB$/,
    ],
  ];
  for (const [name, failing, expected] of failures) {
    it(`is of no use when the issuer ${name}, and an operator is told why, without the query`, async () => {
      answer = failing;
      const { outcome, events } = issuer();
      expect(await outcome(firstToken)).to.equal('the keys for tokens cannot be read now');
      expect(problem(events))
        .to.match(expected)
        .and.match(/^cannot get keys from http:\/\/127\.0\.0\.1:\d+\/keys: /);
      expect(requests.length).to.equal(1);
    });
  }

  it('does not wait for ever, and hangs up', async () => {
    const scheduler = new VirtualTimeScheduler();
    const { outcome, events } = issuer({ scheduler });
    const asked = new Promise<ServerResponse>((resolve) => (answer = resolve));
    const told = outcome(firstToken);
    const response = await asked;
    const closed = once(response, 'close');
    scheduler.flush();
    expect(await told).to.equal('the keys for tokens cannot be read now');
    expect(problem(events)).to.match(/: no answer within 5000 ms$/);
    await closed;
  });

  it('says so when nobody is there', async () => {
    const events: KeysEvent[] = [];
    const keys = jwksUrl('http://127.0.0.1:1/keys', { onEvent: (event) => events.push(event) });
    await firstValueFrom(keys.refreshed$).catch(() => undefined);
    expect(problem(events)).to.match(/^cannot get keys from http:\/\/127\.0\.0\.1:1\/keys: .+/);
    expect(problem(events)).not.to.contain('fetch failed');
  });

  it('wants a URL at which nobody in between can exchange keys', () => {
    for (const unsafe of [
      'http://issuer.example/keys',
      'http://127.0.0.1.issuer.example/keys',
      'http://127.0.0.1@issuer.example/keys',
      'http://localhost.issuer.example/keys',
      'http://10.0.0.1/keys',
      'file:///etc/passwd',
      'data:application/json,{}',
      'keys.json',
      '',
    ]) {
      expect(() => jwksUrl(unsafe)).to.throw(TypeError, 'a JWKS URL must be https, or http on a loopback address');
    }
    for (const safe of ['https://issuer.example/keys', 'http://localhost:80/keys', 'http://[::1]/keys']) {
      expect(() => jwksUrl(safe)).not.to.throw();
    }
  });
});
