import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { VirtualTimeScheduler } from 'rxjs';
import { EventStream, eventText } from '../../src/gateways/eventStream.js';

describe('a stream of server-sent events', () => {
  let server: Server;
  let incoming: IncomingMessage;
  let response: ServerResponse;
  let stream: EventStream;
  const errors: Error[] = [];

  beforeEach(async () => {
    errors.length = 0;
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const asked = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
    const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
    const answered = once(request, 'response') as Promise<[IncomingMessage]>;
    [, response] = await asked;
    response.on('error', (error) => errors.push(error));
    stream = new EventStream(response);
    [incoming] = await answered;
    incoming.on('error', () => undefined);
  });
  afterEach(() => {
    incoming.destroy();
    server.close();
    server.closeAllConnections();
  });

  it('says nothing more after its end, to somebody who does not read', async () => {
    // More than the buffers of a socket take: the rest waits, also when the last event has been given.
    stream.send(eventText('node', 'x'.repeat(32 * 1024 * 1024)));
    const scheduler = new VirtualTimeScheduler();
    stream.end(eventText('closed', '{}'), 5000, scheduler);
    expect(stream.probe()).to.equal(true);
    stream.send(eventText('node', 'late'));
    expect(stream.alive()).to.equal(true);
    // Node.js tells of such a mistake in the next turn.
    await setImmediate();
    const closed = once(response, 'close');
    scheduler.flush();
    expect(scheduler.now()).to.equal(5000);
    await closed;
    expect(errors).to.deep.equal([]);
  });
});
