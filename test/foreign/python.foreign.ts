import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { firstValueFrom } from 'rxjs';
import type { Coordinator } from '../../src/api.js';
import { createCoordinator } from '../../src/coordinator.js';
import { subprotocolNames } from '../../src/gateways/subprotocols.js';
import { aNode, alice, bob, memoryDatabase, testPeer, type TestPeer } from '../../src/testing/index.js';
import { ServedGateway } from '../gateways/servedGateway.js';
import { pythonPath } from './python.js';

const fileOf = (program: string): string => fileURLToPath(new URL(program, import.meta.url));

describe('a peer in Python, on the library websockets', () => {
  let python: string;
  let coordinator: Coordinator;
  let gateway: ServedGateway;
  let bobs: TestPeer;

  before(() => {
    python = pythonPath();
  });

  beforeEach(async () => {
    coordinator = createCoordinator({ database: memoryDatabase() });
    gateway = await ServedGateway.start(coordinator, { v1: {} });
    bobs = testPeer(coordinator, bob);
  });
  afterEach(async () => {
    gateway.subscription.unsubscribe();
    await coordinator.close();
  });

  /** Runs it; all that it says. */
  const run = async (program: string, ...words: readonly string[]): Promise<readonly unknown[]> => {
    const child = spawn(python, [fileOf(program), ...words]);
    const said: unknown[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => said.push(JSON.parse(line)));
    const [complaints] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect(child.exitCode, complaints).to.equal(0);
    return said;
  };

  for (const protocol of subprotocolNames) {
    it(`speaking ${protocol}, sees another peer, is seen, and says goodbye`, async () => {
      const ran = run('peer.py', `${gateway.url}?id=${alice}`, protocol, bob);
      await gateway.event('opened');
      bobs.addTunnel(alice);
      await bobs.eventuallyHasDerp(alice, 7);
      bobs.updateDerp(3);
      expect(await ran).to.deep.equal([
        { subprotocol: protocol, extensions: [] },
        { peer: bob, derp: 3 },
        { code: 1000, reason: '' },
      ]);
      await bobs.eventuallyDisconnected(alice);
    });
  }

  it('speaking V1, sees another peer, is seen, and is lost when it hangs up', async () => {
    const ran = run('v1Peer.py', `${gateway.url.replace('v2', 'v1')}?id=${alice}&role=agent`);
    await gateway.event('opened');
    bobs.addTunnel(alice);
    await bobs.eventuallyHasDerp(alice, 7);
    bobs.updateDerp(3);
    const { id, key, disco } = aNode({ of: bob, derp: 3 });
    const hex = Buffer.from(key.subarray(2)).toString('hex');
    expect(await ran).to.deep.equal([
      [{ id: Number(id), key: `nodekey:${hex}`, disco, preferred_derp: 3, addresses: null }],
      { code: 1000 },
    ]);
    await bobs.eventuallyLost(alice);
    const node = await firstValueFrom(coordinator.node$(alice));
    expect(node).to.deep.include({
      ...{ id: 2n ** 63n - 1n, preferredDerp: 7, derpLatency: { '7-v4': 0.0125 }, endpoints: ['192.0.2.7:41641'] },
    });
    expect(node?.asOf).to.include({ seconds: 1_772_600_767n, nanos: 890_000_000 });
  });

  it('learns that it may not connect', async () => {
    expect(await run('peer.py', `${gateway.url}?id=nobody`, 'tailnet.v2.json', bob)).to.deep.equal([{ refused: 400 }]);
  });
});
