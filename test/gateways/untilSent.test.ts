import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { expect } from 'chai';
import { lastValueFrom } from 'rxjs';
import { untilSent } from '../../src/gateways/untilSent.js';

/** More than the system takes for a client that reads nothing. */
const large = Buffer.alloc(32 * 1024 * 1024);

describe('untilSent', () => {
  const server = createServer();
  const clients: Socket[] = [];

  before(() => once(server.listen(0, '127.0.0.1'), 'listening'));
  after(() => server.close());
  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
  });

  /** A client that has asked and reads nothing, and what answers it. */
  const ask = async (): Promise<{ readonly client: Socket; readonly response: ServerResponse }> => {
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    clients.push(client);
    client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
    return { client, response };
  };
  const sent = (response: ServerResponse, limit: number) =>
    lastValueFrom(untilSent(response, limit), { defaultValue: undefined });

  it('completes when the client has read all but what the system holds', async () => {
    const { client, response } = await ask();
    response.end(large);
    let isSent = false;
    const done = sent(response, 1e6).then(() => (isSent = true));
    // What was written last has been handed over when there is an answer to something else.
    (await ask()).response.end('small');
    expect(isSent).to.equal(false);
    client.resume();
    await done;
    expect(response.writableFinished).to.equal(true);
  });

  it('cuts off who reads nothing', async () => {
    const { response } = await ask();
    response.end(large);
    await sent(response, 20);
    expect(response.destroyed).to.equal(true);
  });

  it('completes when the client has gone, or when all is sent already', async () => {
    const { client, response } = await ask();
    response.end(large);
    client.destroy();
    await sent(response, 1e6);
    const other = await ask();
    other.response.end('small');
    await once(other.response, 'finish');
    await sent(other.response, 1e6);
  });

  it('leaves nothing behind', async () => {
    const { response } = await ask();
    const before = ['finish', 'close', 'timeout'].map((name) => response.listenerCount(name));
    untilSent(response, 1e6).subscribe().unsubscribe();
    expect(['finish', 'close', 'timeout'].map((name) => response.listenerCount(name))).to.deep.equal(before);
    response.end();
  });
});
