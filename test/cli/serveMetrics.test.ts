import { once } from 'node:events';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { testDatabase } from '../support/testDatabase.js';
import { parseMetrics, type ScrapedMetric } from '../support/parseMetrics.js';
import { runCommand, type RunningProgram } from './childProcess.js';

const alice = 'a11cea11-cea1-4cea-91ce-a11cea11cea1';
const bob = 'b0bb0bb0-b0bb-4bb0-8bb0-bb0bb0bb0bb0';

interface Listening {
  readonly http: string;
  readonly metrics?: string;
  readonly coordinator_id: string;
}

const runServe = (databaseUrl: string, ...words: readonly string[]): RunningProgram =>
  runCommand(['serve', '--port', '0', '--grpc-port', '0', '--database-url', databaseUrl, ...words]);

const runPeer = (http: string, id: string, ...words: readonly string[]): RunningProgram =>
  runCommand(['peer', '--url', http.replace('http', 'ws'), '--id', id, ...words]);

const listening = async (server: RunningProgram): Promise<Listening> =>
  JSON.parse(await server.line((line) => line.includes('"msg":"listening"'))) as Listening;

/** A connection that is kept would be one more thing that the server has to close. */
const get = (url: string): Promise<Response> => fetch(url, { headers: { connection: 'close' } });

const scrape = async (url = ''): Promise<ReadonlyMap<string, ScrapedMetric>> => {
  const answer = await get(url);
  expect(answer.status).to.equal(200);
  return parseMetrics(await answer.text());
};

describe('serve --metrics-port', function () {
  // Each of these tests starts several processes, which takes long where much else runs.
  this.timeout(120_000);

  it('same: beside everything else, for two peers who have met', async () => {
    await using database = await testDatabase();
    await using server = runServe(database.url, '--base-path', '/mesh');
    const { http, metrics: url, coordinator_id: coordinatorId } = await listening(server);
    expect(url).to.equal(`${http}/metrics`);
    await using bobs = runPeer(`${http}/api/v2/coordinate`, bob, '--derp', '7');
    await bobs.line((line) => line.startsWith('connected'));
    await using alices = runPeer(`${http}/api/v2/coordinate`, alice, '--tunnel', bob);
    await alices.line((line) => line.startsWith(bob));

    const scraped = await scrape(url);
    const value = (name: string, labels = '') => scraped.get(name)?.series.get(name + labels);
    expect(value('tailnet_coordinator_info', `{coordinator_id="${coordinatorId}"}`)).to.equal(1);
    expect(value('tailnet_health', '{state="healthy"}')).to.equal(1);
    expect(value('tailnet_peers')).to.equal(2);
    expect(value('tailnet_tunnels')).to.equal(1);
    expect(value('tailnet_connections', '{gateway="websocket"}')).to.equal(2);
    expect(value('tailnet_connections', '{gateway="grpc"}')).to.equal(0);
    expect(value('tailnet_requests_total', '{kind="update_self",result="accepted"}')).to.equal(2);
    expect(value('tailnet_updates_total', '{kind="NODE"}')).to.be.at.least(1);
    expect(value('process_resident_memory_bytes')).to.be.above(0);
    const statements = scraped.get('tailnet_query_duration_seconds')?.series;
    expect(statements?.get('tailnet_query_duration_seconds_count{query="writeBindings"}')).to.be.at.least(1);

    server.signal('SIGTERM');
    expect(await server.ended).to.equal(0);
  });

  it('a port of their own: there and nowhere else, until the last peer is gone', async () => {
    await using database = await testDatabase();
    await using server = runServe(database.url, '--metrics-port', '0', '--base-path', '/mesh');
    const { http, metrics: url = '' } = await listening(server);
    expect(new URL(url).port).not.to.equal(new URL(http).port);
    expect(new URL(url).pathname).to.equal('/metrics');
    expect((await scrape(url)).get('tailnet_peers')?.series.get('tailnet_peers')).to.equal(0);
    expect((await get(`${http}/metrics`)).status).to.equal(404);
    expect((await get(new URL('/healthz', url).href)).status).to.equal(404);

    const peer = new WebSocket(`${http.replace('http', 'ws')}/api/v2/coordinate?id=${alice}`);
    await once(peer, 'open');
    // It will not read that it is to go.
    peer.pause();
    server.signal('SIGTERM');
    await server.line((line) => line.includes('"msg":"closing"'));
    const open = (await scrape(url)).get('tailnet_connections')?.series.get('tailnet_connections{gateway="websocket"}');
    expect(open).to.equal(1);
    peer.terminate();
    expect(await server.ended).to.equal(0);
  });

  it('none: nowhere', async () => {
    await using database = await testDatabase();
    await using server = runServe(database.url, '--metrics-port', 'none');
    const { http, metrics: url } = await listening(server);
    expect(url).to.equal(undefined);
    expect((await get(`${http}/metrics`)).status).to.equal(404);
    server.signal('SIGTERM');
    expect(await server.ended).to.equal(0);
  });

  it('says what is wrong with a port, and that one is taken', async () => {
    await using database = await testDatabase();
    await using wrong = runServe(database.url, '--metrics-port', 'some');
    expect(await wrong.ended).to.equal(2);
    expect(wrong.errors()).to.contain('It is a whole number from 0 to 65535, same or none.');

    await using server = runServe(database.url);
    const { port } = new URL((await listening(server)).http);
    await using second = runServe(database.url, '--metrics-port', port);
    expect(await second.ended).to.equal(1);
    expect(second.errors()).to.match(/^error: cannot listen on .* EADDRINUSE.*; choose another with --metrics-port\n$/);
  });
});
