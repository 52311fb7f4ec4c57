import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { filter, firstValueFrom, of, concat, NEVER, Subject, take, timeout, type Subscription } from 'rxjs';
import type { Uuid } from '../../src/db/store.js';
import { PeerUpdateKind, peerIdOf, requests } from '../../src/proto/index.js';
import { alice, aNode, bob, dave, testPeer } from '../../src/testing/index.js';
import { coordinatorProcess } from '../processes/coordinatorProcess.js';
import { overWebSocket } from '../processes/overWebSocket.js';
import { testDatabase } from '../support/testDatabase.js';
import type { Settled, Storm } from './clients.js';

/** How many come back. The number that the machine should stand is 5000. */
const clientCount = Number(process.env['TAILNET_TEST_STORM'] ?? 1000);
const agentCount = 10;

/** Milliseconds that the storm may take, on a slow machine. */
const patience = 60_000;

const idOf = (kind: string, index: number): Uuid => `${kind}-0000-4000-8000-${String(index).padStart(12, '0')}`;
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const clientsProgram = fileURLToPath(new URL('clients.ts', import.meta.url));

/** What an agent is told of its clients: the newest version, or how it was lost. */
interface Told {
  readonly client: Uuid;
  readonly version: number;
  readonly kind: PeerUpdateKind;
}

describe(`a peer that comes back in a storm of ${String(clientCount)}, because their coordinator has died,`, function () {
  this.timeout(3 * patience);

  const clients = Array.from({ length: clientCount }, (_, index) => ({
    id: idOf('c11e0000', index),
    agent: idOf('a6e00000', index % agentCount),
  }));
  const connected: Subscription[] = [];
  let child: ChildProcess;

  afterEach(async () => {
    for (const connection of connected) connection.unsubscribe();
    if (child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  });

  const settled = async (version: number): Promise<Settled> => {
    for (;;) {
      const [message] = (await once(child, 'message')) as [Settled];
      if (message.version === version) return message;
    }
  };

  it('is lost for nobody who is back, gone for nobody, and lets others hear of each other meanwhile', async () => {
    await using database = await testDatabase();
    await using doomed = coordinatorProcess(database.url);
    await using surviving = coordinatorProcess(database.url);
    const urls = [(await doomed.listening).url, (await surviving.listening).url] as const;
    const survivor = overWebSocket(urls[1], 'tailnet.v2.proto');

    const told: Told[] = [];
    const told$ = new Subject<void>();
    const versions = new Map<Uuid, number>();
    const counts = new Map<number, number>();
    for (let index = 0; index < agentCount; index++) {
      const id = idOf('a6e00000', index);
      const node$ = concat(of(requests.updateSelf(aNode({ of: id }))), NEVER);
      connected.push(
        survivor.coordinate$(id, node$).subscribe(({ peerUpdates }) => {
          for (const update of peerUpdates) {
            const client = peerIdOf(update);
            const version = update.node?.preferredDerp ?? 0;
            told.push({ client, version, kind: update.kind });
            if (update.kind !== PeerUpdateKind.NODE || versions.get(client) === version) continue;
            versions.set(client, version);
            counts.set(version, (counts.get(version) ?? 0) + 1);
          }
          told$.next();
        }),
      );
    }
    /** Every agent has this version of each of its clients. */
    const agentsHave = (version: number): Promise<void> =>
      firstValueFrom(
        told$.pipe(
          filter(() => counts.get(version) === clientCount),
          take(1),
          timeout({ first: patience }),
        ),
      );

    // Alice and Bob have nothing to do with it. Dave does not come back, so that it shows when the dead one is given up.
    const [alices, bobs] = [testPeer(survivor, alice, { timeout: patience }), testPeer(survivor, bob)];
    const daves = testPeer(overWebSocket(urls[0], 'tailnet.v2.proto'), dave);
    daves.updateDerp(1);
    alices.addTunnel(bob);
    alices.addTunnel(dave);
    await alices.eventuallyHasDerp(dave, 1);

    child = fork(clientsProgram, { execArgv: ['--import', tsx] });
    const begun = [agentsHave(1), settled(1)] as const;
    child.send({ urls, clients } satisfies Storm);
    await Promise.all(begun);

    const storm = { isOver: false };
    const settling = [agentsHave(2), settled(2)] as const;
    const over = Promise.all(settling).then(([, report]) => {
      storm.isOver = true;
      return report;
    });
    const toldBefore = told.length;
    doomed.signal('SIGKILL');
    let updates = 0;
    while (!storm.isOver) {
      bobs.updateDerp(++updates);
      await alices.eventuallyHasDerp(bob, updates);
    }
    const report = await over;
    expect(report, 'what the clients were told of their agents').to.include({ lost: 0 });
    expect(updates, 'updates of others meanwhile').to.be.above(5);

    await alices.eventuallyLost(dave);
    bobs.updateDerp(++updates);
    await alices.eventuallyHasDerp(bob, updates);
    // Who is not back in time is lost, until then.
    const back = new Set<Uuid>();
    for (const { client, version, kind } of told.slice(toldBefore)) {
      expect(kind, client).to.not.equal(PeerUpdateKind.DISCONNECTED);
      if (kind === PeerUpdateKind.NODE && version === 2) back.add(client);
      if (kind === PeerUpdateKind.LOST) expect(back.has(client), `${client} was back, and lost`).to.equal(false);
    }
    for (const peer of [alices, bobs, daves]) peer.drop();
  });
});
