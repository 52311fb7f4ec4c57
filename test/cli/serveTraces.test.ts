import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { testDatabase } from '../support/testDatabase.js';
import { runCommand } from './childProcess.js';

describe('serve --traces', function () {
  this.timeout(120_000);

  const run = (url: string, ...words: readonly string[]) =>
    runCommand(
      ['serve', '--port', '0', '--grpc-port', 'none', '--metrics-port', 'none', '--database-url', url, ...words],
      { environment: { NODE_OPTIONS: `--import ${fileURLToPath(new URL('collector.mjs', import.meta.url))}` } },
    );

  it('tells whoever was loaded before how long things take, and nobody without it', async () => {
    await using database = await testDatabase();
    await using server = run(database.url, '--traces');
    const span = await server.line((line) => line.includes('"db.operation.name":"heartbeat"'));
    const { coordinator_id: coordinatorId } = JSON.parse(await server.line((line) => line.includes('"listening"'))) as {
      coordinator_id: string;
    };
    expect(JSON.parse(span)).to.include({ span: 'tailnet.query', 'tailnet.coordinator_id': coordinatorId });
    server.signal('SIGTERM');
    expect(await server.ended).to.equal(0);

    await using silent = run(database.url);
    await silent.line((line) => line.includes('"health":"healthy"'));
    silent.signal('SIGTERM');
    await silent.ended;
    expect(silent.lines.filter((line) => line.includes('"span"'))).to.deep.equal([]);
  });
});
