import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createCoordinator, type Coordinator } from '../../src/coordinator.js';
import { subprotocolNames } from '../../src/gateways/subprotocols.js';
import { alice, bob, memoryDatabase, testPeer, type TestPeer } from '../../src/testing/index.js';
import { ServedGateway } from '../gateways/servedGateway.js';
import { pythonPath } from './python.js';

const program = fileURLToPath(new URL('peer.py', import.meta.url));

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
    gateway = await ServedGateway.start(coordinator);
    bobs = testPeer(coordinator, bob);
  });
  afterEach(async () => {
    gateway.subscription.unsubscribe();
    await coordinator.close();
  });

  /** Runs it; all that it says. */
  const run = async (query: string, protocol: string): Promise<readonly unknown[]> => {
    const child = spawn(python, [program, `${gateway.url}?${query}`, protocol, bob]);
    const said: unknown[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => said.push(JSON.parse(line)));
    const [complaints] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect(child.exitCode, complaints).to.equal(0);
    return said;
  };

  for (const protocol of subprotocolNames) {
    it(`speaking ${protocol}, sees another peer, is seen, and says goodbye`, async () => {
      const ran = run(`id=${alice}`, protocol);
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

  it('learns that it may not connect', async () => {
    expect(await run('id=nobody', 'tailnet.v2.json')).to.deep.equal([{ refused: 400 }]);
  });
});
