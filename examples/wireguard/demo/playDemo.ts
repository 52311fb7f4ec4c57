import type { FactLog } from './factLog.js';
import { createNetwork } from './network.js';
import { startAgent } from './startAgent.js';
import { startCoordinator } from './startCoordinator.js';
import { startDatabase } from './startDatabase.js';
import { playStory } from './story.js';
import { temporaryDirectory } from './temporaryDirectory.js';
import { hostNamed, hosts } from './topology.js';

/** Builds everything, plays the story, and removes everything, whatever happens. Rejects when the story fails. */
export const playDemo = async (log: FactLog): Promise<void> => {
  log.tell({ kind: 'step', text: '1. Three hosts, two coordinators, one database.' });
  await using network = await createNetwork();
  for (const { name, address } of hosts) log.tell({ kind: 'address', host: name, address });
  using directory = temporaryDirectory();
  await using database = await startDatabase(network, directory.path, log);
  // What has started when another one fails goes with the network.
  const [north, south] = await Promise.all([
    startCoordinator(network, 'north', database.url, log),
    startCoordinator(network, 'south', database.url, log),
  ]);
  await using _coordinators = together([north, south]);
  const agents = {
    alice: startAgent(network, hostNamed('alice'), log),
    bob: startAgent(network, hostNamed('bob'), log),
    carol: startAgent(network, hostNamed('carol'), log),
  };
  await using _agents = together(Object.values(agents));
  await playStory({ network, log, coordinators: { north, south }, agents });
};

/** Disposes of all of them at the same time. */
const together = (resources: readonly AsyncDisposable[]): AsyncDisposable => ({
  [Symbol.asyncDispose]: async () => {
    await Promise.all(resources.map((resource) => resource[Symbol.asyncDispose]()));
  },
});
