import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { Gauge, Registry } from 'prom-client';
import { serveRoutes } from '../../src/gateways/index.js';
import { createMetrics, metricsRoutes } from '../../src/metrics/index.js';
import { parseMetrics } from '../support/parseMetrics.js';

describe('metricsRoutes', () => {
  let server: Server;

  const serve = async (registry: Registry, onError?: (error: unknown, request: IncomingMessage) => void) => {
    server = createServer(serveRoutes(metricsRoutes(registry), onError)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/metrics`;
    return (init: RequestInit = {}) => fetch(url, { ...init, headers: { Connection: 'close' } });
  };
  afterEach(() => server.close());

  it('answers with all metrics, in the format of Prometheus', async () => {
    const metrics = createMetrics();
    const get = await serve(metrics.registry);
    const answer = await get();
    expect([answer.status, answer.headers.get('content-type')]).to.deep.equal([
      ...[200, 'text/plain; version=0.0.4; charset=utf-8'],
    ]);
    expect(
      parseMetrics(await answer.text())
        .get('tailnet_peers')
        ?.series.get('tailnet_peers'),
    ).to.equal(0);
    expect((await get({ method: 'POST' })).status).to.equal(405);
  });

  it('gathers them once for all who ask at the same time', async () => {
    const registry = new Registry();
    let gathered = 0;
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    new Gauge({
      ...{ name: 'held', help: 'Held.', registers: [registry] },
      async collect() {
        this.set(++gathered);
        await held;
      },
    });
    const get = await serve(registry);
    let requests = 0;
    server.on('request', () => {
      if (++requests === 3) letGo();
    });
    const texts = await Promise.all([get(), get(), get()].map(async (answer) => (await answer).text()));
    expect(texts.map((text) => parseMetrics(text).get('held')?.series.get('held'))).to.deep.equal([1, 1, 1]);
    expect(await (await get()).text()).to.contain('\nheld 2\n');
  });

  it('says 500, and to the host why, when a metric fails', async () => {
    const registry = new Registry();
    new Gauge({
      ...{ name: 'broken', help: 'Broken.', registers: [registry] },
      collect() {
        throw new Error('a defect');
      },
    });
    const errors: unknown[] = [];
    const get = await serve(registry, (error) => errors.push(error));
    expect((await get()).status).to.equal(500);
    expect(errors.map(String)).to.deep.equal(['Error: a defect']);
  });
});
