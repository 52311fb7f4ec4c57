import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { filter, firstValueFrom, map, ReplaySubject, scan } from 'rxjs';
import { createCoordinator } from '../../src/coordinator.js';
import type { Coordinator } from '../../src/api.js';
import { alice, bob, memoryDatabase } from '../../src/testing/index.js';
import { ServedGrpcGateway } from './grpcFixture.js';

const buf = createRequire(import.meta.url).resolve('@bufbuild/buf/bin/buf');

/** `buf curl` with the schema that it gets by reflection, as a program that runs. */
function bufCurl(url: string, words: readonly string[]) {
  const httpUrl = url.replace(/^grpc/, 'http');
  const given = ['curl', '--protocol', 'grpc', '--http2-prior-knowledge', ...words.slice(0, -1)];
  const child = spawn(process.execPath, [buf, ...given, `${httpUrl}${words.at(-1) ?? ''}`]);
  const output$ = new ReplaySubject<string>();
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output$.next(chunk);
  });
  const errors = text(child.stderr);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  /** Resolves with all that was printed, when it contains this. */
  const prints = (part: string) =>
    firstValueFrom(
      output$.pipe(
        scan((all, chunk) => all + chunk, ''),
        filter((all) => all.includes(part)),
        map((all) => all),
      ),
    );
  return { child, prints, ended, errors };
}

describe('a gRPC gateway and buf curl, which knows nothing of it beforehand', function () {
  // Where much else runs, programs start slowly.
  this.timeout(60_000);

  let coordinator: Coordinator;
  let gateway: ServedGrpcGateway;
  beforeEach(async () => {
    coordinator = createCoordinator({ database: memoryDatabase() });
    gateway = await ServedGrpcGateway.start(coordinator);
  });
  afterEach(async () => {
    gateway.subscription.unsubscribe();
    await coordinator.close();
  });

  const service = '/coder.tailnet.v2.Tailnet/Coordinate';

  it('lists the methods, by reflection', async () => {
    const { ended, prints } = bufCurl(gateway.url, ['--list-methods', '']);
    const all = await prints('grpc.health.v1.Health/Watch');
    expect(all.trim().split('\n')).to.deep.equal([
      'coder.tailnet.v2.Tailnet/Coordinate',
      'grpc.health.v1.Health/Check',
      'grpc.health.v1.Health/Watch',
    ]);
    expect(await ended).to.equal(0);
  });

  it('lets two peers talk, a line at a time', async () => {
    const alices = bufCurl(gateway.url, ['--header', `x-peer-id: ${alice}`, '--data', '@-', service]);
    const bobs = bufCurl(gateway.url, ['--header', `x-peer-id: ${bob}`, '--data', '@-', service]);
    alices.child.stdin.write('{"addTunnel":{"id":"sLAAAAAAQACAAAAAAAAAAA=="}}\n');
    bobs.child.stdin.write('{"updateSelf":{"node":{"preferredDerp":7}}}\n');
    await alices.prints('"preferredDerp": 7');
    bobs.child.stdin.write('{"updateSelf":{"node":{"preferredDerp":8}}}\n');
    await alices.prints('"preferredDerp": 8');
    bobs.child.stdin.write('{"disconnect":{}}\n');
    await alices.prints('"kind": "DISCONNECTED"');
    bobs.child.stdin.end();
    expect(await bobs.ended).to.equal(0);
    alices.child.stdin.end();
    expect(await alices.ended).to.equal(0);
  });

  it('says what is wrong', async () => {
    const { child, ended, errors } = bufCurl(gateway.url, ['--header', 'x-peer-id: bob', '--data', '{}', service]);
    child.stdin.end();
    // The status in the upper bits: 3, INVALID_ARGUMENT.
    expect(await ended).to.equal(3 * 8);
    expect(await errors).to.contain('metadata \\"x-peer-id\\" must be the UUID of the peer, got \\"bob\\"');
  });

  it('asks for health', async () => {
    const { child, ended, prints } = bufCurl(gateway.url, ['--data', '{}', '/grpc.health.v1.Health/Check']);
    child.stdin.end();
    await prints('"status": "SERVING"');
    expect(await ended).to.equal(0);
  });
});
