import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect } from 'chai';
import { CommandError } from '../../src/cli/commandError.js';
import { listenError } from '../../src/cli/listenError.js';

describe('listenError', () => {
  const advice = '; choose another with --port';

  const errorAt = async (host: string, port: number): Promise<unknown> => {
    const [error] = (await once(createServer().listen(port, host), 'error').catch((reason: unknown) => [reason])) as [
      unknown,
    ];
    return listenError(error, host, port, advice);
  };

  it('says which option would help: the port when that is taken', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as { port: number };
    const error = await errorAt('127.0.0.1', port);
    squatter.close();
    if (!(error instanceof CommandError)) expect.fail('it is another error');
    expect(error.message).to.match(
      /^cannot listen on 127\.0\.0\.1, port \d+: listen EADDRINUSE.*; choose another with --port$/,
    );
  });

  it('and the host when the machine has no such address', async () => {
    // Of those that are for documentation.
    const error = await errorAt('192.0.2.1', 0);
    if (!(error instanceof CommandError)) expect.fail('it is another error');
    expect(error.message).to.match(/: listen EADDRNOTAVAIL.*; choose another with --host$/);
  });

  it('leaves what is no error of the system as it is', () => {
    const defect = new TypeError('options is undefined');
    expect(listenError(defect, 'localhost', 1, advice)).to.equal(defect);
  });
});
