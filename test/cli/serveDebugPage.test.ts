import { join } from 'node:path';
import { expect } from 'chai';
import { runCommandLine } from './runCommandLine.js';
import { migratedDatabase, type TestDatabase } from '../support/testDatabase.js';
import { refusedUpgrade } from '../gateways/peerSocket.js';
import { runCommand, type RunningProgram } from './childProcess.js';
import { temporaryDirectory } from './temporaryDirectory.js';

interface Listening {
  readonly http: string;
  readonly debug?: string;
  readonly coordinator_id: string;
}

const alice = 'a11cea11-cea1-4cea-91ce-a11cea11cea1';

describe('serve --debug-page', function () {
  // Each of these tests starts processes, which takes long where much else runs.
  this.timeout(120_000);

  let database: TestDatabase;
  before(async () => {
    database = await migratedDatabase();
  });
  after(() => database.drop());

  const runServe = (...words: readonly string[]): RunningProgram =>
    runCommand(['serve', '--port', '0', '--grpc-port', 'none', '--database-url', database.url, ...words]);
  const listening = async (server: RunningProgram): Promise<Listening> =>
    JSON.parse(await server.line((line) => line.includes('"msg":"listening"'))) as Listening;
  const get = (url: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    fetch(url, { headers: { connection: 'close', ...headers } });

  it('auto: shows everybody on this machine all there is, below the base path, and lets go when it drains', async () => {
    await using server = runServe('--base-path', '/mesh');
    const { http, debug = '', coordinator_id: coordinatorId } = await listening(server);
    expect(debug).to.equal(`${http}/debug/tailnet`);
    const page = await get(debug);
    expect(page.status).to.equal(200);
    expect(page.headers.get('content-type')).to.equal('text/html; charset=utf-8');
    const answer = (await (await get(`${debug}.json`)).json()) as { coordinators: { id: string }[] };
    expect(answer).to.include({ answeredBy: coordinatorId, isPartial: false });
    expect(answer.coordinators.map(({ id }) => id)).to.deep.equal([coordinatorId]);
    expect(await (await get(`${debug}/peers/${alice}`)).json()).to.deep.equal({
      id: alice,
      status: 'absent',
      node: null,
    });
    const events = await get(`${debug}/events`);
    server.signal('SIGTERM');
    expect(await events.text()).to.contain('event: closed\ndata: {"reason":"shutting down"}\n\n');
    expect(await server.ended).to.equal(0);
  });

  for (const [words, is] of [
    [['--debug-page', 'off'], 'not there'],
    [['--host', '0.0.0.0', '--allow-unauthenticated'], 'not there'],
    [['--host', '0.0.0.0', '--allow-unauthenticated', '--debug-page', 'on'], 'there'],
  ] as const) {
    it(`is ${is} with ${words.join(' ')}`, async () => {
      await using server = runServe(...words);
      const { http, debug } = await listening(server);
      expect(debug).to.equal(is === 'there' ? `${http}/debug/tailnet` : undefined);
      const port = new URL(http).port;
      for (const path of ['', '.json', '/events', `/peers/${alice}`]) {
        const answer = await get(`http://127.0.0.1:${port}/debug/tailnet${path}`, { accept: 'text/html' });
        expect(answer.status === 404, path).to.equal(is !== 'there');
        await answer.text();
      }
    });
  }

  it('with --auth jwt shows all there is to observers, anywhere, and nobody becomes a peer as one', async () => {
    using directory = temporaryDirectory();
    const key = join(directory.path, 'key');
    await output('token', '--generate-key', key);
    const mint = (...words: readonly string[]) => output('token', '--jwt-private-key-file', key, ...words);
    await using server = runServe('--host', '0.0.0.0', '--auth', 'jwt', '--jwt-key-file', `${key}.pub`);
    const { http, debug = '' } = await listening(server);
    const look = async (token?: string, query = '') => {
      const answer = await get(
        `${debug}.json${query}`,
        token === undefined ? {} : { authorization: `Bearer ${token}` },
      );
      return { status: answer.status, text: await answer.text() };
    };
    expect(await look()).to.include({ status: 401 });
    expect(await look(await mint('--sub', alice))).to.deep.equal({
      ...{ status: 403, text: 'only an observer may look at everything, and this is of the role peer\n' },
    });
    const token = await mint('--role', 'observer');
    expect(await look(token)).to.include({ status: 200 });
    expect(await look(undefined, `?token=${token}`)).to.include({ status: 400 });
    const asPeer = `${http.replace('http', 'ws')}/api/v2/coordinate?token=${token}`;
    expect(await refusedUpgrade(asPeer)).to.include({
      ...{ status: 403, body: 'an observer may look, and not connect as a peer\n' },
    });
    expect(server.lines.join('\n')).not.to.contain(token);
  });
});

async function output(...words: readonly string[]): Promise<string> {
  let [out, error] = ['', ''];
  const exitCode = await runCommandLine(words, { out: (text) => (out += text), error: (text) => (error += text) });
  expect(exitCode, error).to.equal(0);
  return out.trimEnd();
}
