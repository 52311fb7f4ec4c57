import { once } from 'node:events';
import { expect } from 'chai';
import {
  BehaviorSubject,
  EMPTY,
  firstValueFrom,
  lastValueFrom,
  NEVER,
  Observable,
  of,
  ReplaySubject,
  skip,
  Subject,
  throwError,
} from 'rxjs';
import type { Subscription } from 'rxjs';
import type { Health } from '../../src/api.js';
import {
  coordinatePath,
  getRoute,
  healthRoutes,
  httpServer$,
  replyText,
  routesUnder,
  webSocketRoute,
} from '../../src/gateways/index.js';
import type { HttpRoutes, HttpServerOptions, ListeningHttpServer } from '../../src/gateways/index.js';
import { rawSocket } from './peerSocket.js';

describe('httpServer$', () => {
  let subscriptions: Subscription[];
  beforeEach(() => {
    subscriptions = [];
  });
  afterEach(() => {
    for (const subscription of subscriptions) subscription.unsubscribe();
  });

  const serve = async (routes: HttpRoutes, options: Partial<HttpServerOptions> = {}): Promise<string> => {
    const listening$ = new ReplaySubject<ListeningHttpServer>(1);
    subscriptions.push(httpServer$({ port: 0, routes, ...options }).subscribe(listening$));
    return (await firstValueFrom(listening$)).url;
  };

  /** Fetches without keeping the connection. */
  const get = async (
    url: string,
    init: RequestInit = {},
  ): Promise<{ status: number; body: string; headers: Headers }> => {
    const answer = await fetch(url, { ...init, headers: { Connection: 'close' } });
    return { status: answer.status, body: await answer.text(), headers: answer.headers };
  };

  it('has routes under another path, and nowhere else', async () => {
    expect(() => routesUnder('mesh', {})).to.throw(TypeError, 'basePath: must begin with "/", got "mesh"');
    expect(() => routesUnder('/mesh/', {})).to.throw(TypeError, 'basePath: must not end with "/", got "/mesh/"');
    const routes = routesUnder('/mesh', { '/here': (_request, response) => void response.end('found') });
    const url = await serve(routes);
    expect(await get(`${url}/mesh/here`)).to.include({ status: 200, body: 'found' });
    expect(await get(`${url}/here`)).to.include({ status: 404, body: 'not found; there is /mesh/here\n' });
  });

  describe('with healthRoutes', () => {
    it('is alive whatever the coordinator is', async () => {
      for (const health$ of [of<Health>('unhealthy'), of<Health>('closed'), EMPTY, NEVER]) {
        const url = await serve(healthRoutes({ health$ }));
        expect(await get(`${url}/healthz`)).to.include({ status: 200, body: '{"status":"alive"}\n' });
      }
    });

    for (const [health, status] of [
      ['starting', 503],
      ['healthy', 200],
      ['unhealthy', 503],
      ['closing', 503],
      ['closed', 503],
    ] as const) {
      it(`answers ${String(status)} to /readyz while the coordinator is ${health}`, async () => {
        const url = await serve(healthRoutes({ health$: new BehaviorSubject<Health>(health) }));
        const { headers, ...answer } = await get(`${url}/readyz`);
        expect(answer).to.deep.equal({ status, body: `{"status":"${health}"}\n` });
        expect(headers.get('content-type')).to.equal('application/json; charset=utf-8');
        expect(headers.get('cache-control')).to.equal('no-store');
      });
    }

    it('follows the coordinator', async () => {
      const health$ = new BehaviorSubject<Health>('healthy');
      const url = await serve(healthRoutes({ health$ }));
      expect(await get(`${url}/readyz`)).to.include({ status: 200 });
      health$.next('unhealthy');
      expect(await get(`${url}/readyz`)).to.include({ status: 503 });
      health$.next('healthy');
      expect(await get(`${url}/readyz`)).to.include({ status: 200 });
    });

    it('is not ready while it drains, though the coordinator is healthy', async () => {
      const draining$ = new BehaviorSubject(false);
      const url = await serve(healthRoutes({ health$: of('healthy') }, draining$));
      expect(await get(`${url}/readyz`)).to.include({ status: 200 });
      draining$.next(true);
      expect(await get(`${url}/readyz`)).to.include({ status: 503, body: '{"status":"draining"}\n' });
    });

    it('takes a coordinator that says nothing more for a closed one', async () => {
      const url = await serve(healthRoutes({ health$: EMPTY }));
      expect(await get(`${url}/readyz`)).to.include({ status: 503, body: '{"status":"closed"}\n' });
    });

    it('answers HEAD without a body and refuses other methods', async () => {
      const url = await serve(healthRoutes({ health$: of('healthy') }));
      expect(await get(`${url}/readyz`, { method: 'HEAD' })).to.include({ status: 200, body: '' });
      const { status, body, headers } = await get(`${url}/healthz`, { method: 'DELETE' });
      expect({ status, body }).to.deep.equal({ status: 405, body: 'only GET and HEAD are allowed here\n' });
      expect(headers.get('allow')).to.equal('GET, HEAD');
    });
  });

  it('composes routes, and names them to who is lost', async () => {
    const url = await serve({
      ...healthRoutes({ health$: of('healthy') }),
      [coordinatePath]: webSocketRoute,
      '/hello': getRoute((_request, response) => {
        replyText(response, 200, 'hello');
      }),
    });
    expect(await get(`${url}/hello?x=1`)).to.include({ status: 200, body: 'hello\n' });
    expect(await get(`${url}${coordinatePath}`)).to.include({ status: 426 });
    expect(await get(`${url}/hello/`)).to.include({
      status: 404,
      body: `not found; there is /healthz, /readyz, ${coordinatePath}, /hello\n`,
    });
    expect(await get(`${url}/constructor`)).to.include({ status: 404 });
  });

  it('hands routes what stands for the parameters of their paths', async () => {
    const url = await serve({
      '/hello/{name}': getRoute((_request, response, { name = '' }) => {
        replyText(response, 200, `hello ${name}`);
      }),
    });
    expect(await get(`${url}/hello/Bob%21?x=1`)).to.include({ status: 200, body: 'hello Bob!\n' });
    expect(await get(`${url}/hello`)).to.include({ status: 404, body: 'not found; there is /hello/{name}\n' });
  });

  it('waits for routes that answer later', async () => {
    const url = await serve({
      '/promise': async (_request, response) => {
        await Promise.resolve();
        replyText(response, 200, 'kept');
      },
    });
    expect(await get(`${url}/promise`)).to.include({ body: 'kept\n' });
  });

  for (const [name, route] of [
    [
      'throws',
      () => {
        throw new Error('secret');
      },
    ],
    ['fails', () => throwError(() => new Error('secret'))],
    ['rejects', () => Promise.reject(new Error('secret'))],
  ] as const) {
    it(`answers 500 when a route ${name}, and tells who asked for errors`, async () => {
      const errors: unknown[] = [];
      const url = await serve({ '/': route }, { onError: (error) => errors.push(error) });
      expect(await get(`${url}/`)).to.include({ status: 500, body: 'internal error\n' });
      expect(errors).to.have.lengthOf(1);
      expect(errors[0]).to.be.instanceOf(Error).with.property('message', 'secret');
    });
  }

  it('breaks off an answer that fails half way', async () => {
    const url = await serve({
      '/': (_request, response) => {
        response.writeHead(200, { 'Content-Length': 100 });
        response.write('half');
        return throwError(() => new Error('secret'));
      },
    });
    const { socket, answer } = rawSocket(url);
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(await answer).to.not.include('secret');
  });

  it('stops a route whose client has left', async () => {
    let stopped: () => void = () => undefined;
    const hasStopped = new Promise<void>((resolve) => (stopped = resolve));
    const url = await serve({
      '/live': (_request, response) =>
        new Observable(() => {
          response.write('first');
          return stopped;
        }),
    });
    const { socket, answer } = rawSocket(url);
    socket.write('GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    socket.destroy();
    await answer;
    await hasStopped;
  });

  it('gives up on clients that are slow to ask', async () => {
    const url = await serve({}, { handshakeTimeout: 50 });
    const silent = rawSocket(url);
    const slow = rawSocket(url);
    slow.socket.write('GET / HTTP/1.1\r\nX: ');
    expect(await slow.answer).to.match(/^HTTP\/1.1 408 /);
    await silent.answer;
  });

  it('destroys the socket that has been silent for longest when there are too many', async () => {
    const listening$ = new ReplaySubject<ListeningHttpServer>(1);
    const routes = healthRoutes({ health$: of('healthy') });
    subscriptions.push(httpServer$({ port: 0, routes, maxUnfinished: 3 }).subscribe(listening$));
    const { server, url } = await firstValueFrom(listening$);
    const connect = async () => {
      const raw = rawSocket(url);
      await once(server, 'connection');
      return raw;
    };
    const ask = async ({ socket }: ReturnType<typeof rawSocket>): Promise<void> => {
      socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await once(socket, 'data');
    };
    const asking = await connect();
    const silent = await connect();
    const slow = await connect();
    slow.socket.write('GET /healthz HTTP/1.1\r\nHo');
    await ask(asking);
    const newest = await connect();
    expect(await silent.answer).to.equal('');
    await ask(newest);
    const last = await connect();
    expect(await slow.answer).to.equal('');
    await ask(asking);
    for (const { socket } of [asking, newest, last]) socket.destroy();
  });

  it('leaves alone who speaks something else over an upgraded socket, and takes care of no upgrade itself', async () => {
    const listening$ = new ReplaySubject<ListeningHttpServer>(1);
    subscriptions.push(httpServer$({ port: 0, routes: {}, maxUnfinished: 1 }).subscribe(listening$));
    const { server, url } = await firstValueFrom(listening$);
    expect(server.listenerCount('upgrade')).to.equal(0);
    server.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n');
      socket.pipe(socket);
    });
    const upgraded = rawSocket(url);
    upgraded.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await once(upgraded.socket, 'data');
    const [first, second] = [rawSocket(url), rawSocket(url)];
    await Promise.race([first.answer, second.answer]);
    upgraded.socket.write('still here');
    await once(upgraded.socket, 'data');
    for (const { socket } of [upgraded, first, second]) socket.destroy();
    expect(await upgraded.answer).to.match(/still here$/);
  });

  it('lets nobody in once it drains, and completes', async () => {
    const drain$ = new Subject<void>();
    const listening$ = new ReplaySubject<ListeningHttpServer>(1);
    httpServer$({ port: 0, routes: {}, drain$ }).subscribe(listening$);
    const { url, server } = await firstValueFrom(listening$);
    drain$.next();
    expect(server.listening).to.equal(false);
    await lastValueFrom(listening$);
    expect(await fetch(url).catch((error: unknown) => error)).to.be.instanceOf(TypeError);
  });

  it('leaves the work for all requests of a connection with it, those that wait for an answer before them, too', async () => {
    const begun$ = new ReplaySubject<void>();
    const ended$ = new ReplaySubject<void>();
    const url = await serve({
      '/slow': () =>
        new Observable(() => {
          begun$.next();
          return () => ended$.next();
        }),
    });
    const { socket, answer } = rawSocket(url);
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warned);
    socket.write('GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(20));
    await firstValueFrom(begun$.pipe(skip(19)));
    socket.destroy();
    await answer;
    await firstValueFrom(ended$.pipe(skip(19)));
    process.off('warning', warned);
    // Of too many listeners: a stranger could write to standard error that way.
    expect(warnings).to.deep.equal([]);
  });

  it('does not wait for who has said nothing, or not all, when it drains', async () => {
    const drain$ = new Subject<void>();
    const listening$ = new ReplaySubject<ListeningHttpServer>(1);
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      const routes: HttpRoutes = {
        '/slow': (_request, response) => {
          answer = () => response.end('answered');
          resolve();
        },
      };
      httpServer$({ port: 0, routes, drain$ }).subscribe(listening$);
    });
    const { url } = await firstValueFrom(listening$);
    const [silent, partial, idle, busy] = [rawSocket(url), rawSocket(url), rawSocket(url), rawSocket(url)];
    await once(silent.socket, 'connect');
    partial.socket.write('GET /slow HTTP/1.1\r\nHost:');
    idle.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(idle.socket, 'data');
    busy.socket.write('GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await asked;
    drain$.next();
    expect(await Promise.all([silent.answer, partial.answer])).to.deep.equal(['', '']);
    await idle.answer;
    // What is being answered is not lost.
    answer();
    expect(await busy.answer).to.match(/answered$/);
    await lastValueFrom(listening$);
  });

  it('errors when it cannot listen', async () => {
    const url = await serve({});
    const error: unknown = await lastValueFrom(httpServer$({ port: Number(new URL(url).port), routes: {} })).catch(
      (cause: unknown) => cause,
    );
    expect(error).to.include({ code: 'EADDRINUSE' });
  });

  it('writes addresses of the sixth version in brackets', async () => {
    const url = await serve({}, { host: '::1' });
    expect(url).to.match(/^http:\/\/\[::1\]:\d+$/);
  });
});
