import type { Bench } from '../bench.js';
import { type BenchChild, startChild } from '../childProcess.js';
import type { Workload } from '../command.js';
import { connect } from '../database/connect.js';
import { type LatencyFigures, latencyFigures } from '../measure/latencies.js';
import { pause } from '../measure/pause.js';
import type { BenchPeer } from '../peers/benchPeer.js';
import { checkOpenFiles, processLimits } from '../sockets/checkOpenFiles.js';
import type { FromServer, ToServer, Watched } from '../sockets/messages.js';
import { type RemoteCoordinator, remoteCoordinator } from '../sockets/remoteCoordinator.js';

type Server = BenchChild<ToServer, FromServer>;

interface Stage {
  readonly bench: Bench;
  readonly server: Server;
  readonly remote: RemoteCoordinator;
  readonly agents: readonly BenchPeer[];
  readonly couples: readonly (readonly [client: BenchPeer, agent: BenchPeer])[];
  /** Two who keep their connections in the storm. */
  readonly bystanders: readonly [watcher: BenchPeer, publisher: BenchPeer];
}

const agentCount = 100;
/** Milliseconds that everybody is waited for. */
const patience = 120_000;

export const sockets: Workload = {
  kind: 'workload',
  description: 'many peers over WebSockets: memory of the server, a gap in what it hears, a storm of reconnects',
  numbers: { clients: 10_000, handshakes: 400 },
  run: async (bench) => {
    const { clients: count = 0, handshakes = 0 } = bench.numbers;
    checkOpenFiles(agentCount + count + 2, processLimits());
    await using server = startChild<ToServer, FromServer>('sockets/server');
    const { url } = bench.database;
    const { url: address } = await ask(server, { kind: 'start', url, maxConnections: 2 * count + 1000 }, 'listening');
    await pause(3);
    const agents = bench.createPeers(0, agentCount);
    const remote = remoteCoordinator(address, handshakes);
    for (const agent of agents) {
      agent.connect(remote);
      agent.update(1);
    }
    await pause(2);
    const couples = bench.createPeers(agentCount, count).flatMap((client, index) => {
      const agent = agents[index % agentCount];
      return agent === undefined ? [] : [[client, agent] as const];
    });
    const bystanders = bystandersOf(bench, agentCount + count);
    const stage: Stage = { bench, server, remote, agents, couples, bystanders };
    const join = await joinAll(stage);
    const gap = await repairGap(stage);
    const storm = await reconnectAll(stage);
    for (const [client] of couples) client.drop();
    for (const peer of [...agents, ...bystanders]) peer.drop();
    await ask(server, { kind: 'stop' }, 'stopped');
    return { ...join, gap, storm };
  },
};

const joinAll = async ({ bench, server, remote, couples }: Stage) => {
  const base = (await ask(server, { kind: 'collect' }, 'collected')).rss;
  bench.progress(`${couples.length} clients connect`);
  const start = performance.now();
  const converged = everybodyHas(bench, couples, 1, 1);
  for (const [client, agent] of couples) {
    client.connect(remote);
    client.update(1);
    client.addTunnel(agent.number);
  }
  const joined = await converged;
  if (joined === undefined) throw new Error(`the peers did not converge within ${patience / 1000} s`);
  await pause(5);
  const after = (await ask(server, { kind: 'collect' }, 'collected')).rss;
  return {
    join_s: seconds(start, joined),
    rss_base_bytes: base,
    rss_after_gc_bytes: after,
    rss_per_connection_bytes: Math.round((after - base) / couples.length),
  };
};

/** The connection that hears notifications breaks, and while nothing is heard all agents publish a new version. */
const repairGap = async (stage: Stage) => {
  const { bench, server, agents, couples } = stage;
  bench.progress('a gap is repaired');
  const admin = await connect(bench.database.url);
  await ask(server, { kind: 'watch' }, 'watching');
  const start = performance.now();
  const { rowCount } = await admin.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND application_name LIKE '%listen%'`,
  );
  const repaired = everybodyHas(bench, couples, 2, 1);
  for (const agent of agents) agent.update(2);
  const repairedAt = await repaired;
  // Checking goes on after the last change was found.
  await pause(1);
  const watched = await report(server);
  await admin.end();
  return { broken: rowCount, repaired: repairedAt !== undefined, repair_s: seconds(start, repairedAt), ...watched };
};

/** All sockets break at once, and everybody comes back with a new version and its tunnel. */
const reconnectAll = async ({ bench, server, remote, agents, couples, bystanders }: Stage) => {
  bench.progress('everybody reconnects');
  const version = 3;
  const [watcher, publisher] = bystanders;
  for (const bystander of bystanders) bystander.connect(remote);
  watcher.addTunnel(publisher.number);
  publisher.update(1);
  await watcher.eventuallyHas(publisher.number, 1, patience);
  await ask(server, { kind: 'watch' }, 'watching');
  const start = performance.now();
  const settled = everybodyHas(bench, couples, version, version);
  const bystanding = latenciesUntil(settled, bystanders);
  for (const peer of [...agents, ...couples.map(([client]) => client)]) peer.drop();
  for (const agent of agents) {
    agent.connect(remote);
    agent.update(version);
  }
  for (const [client, agent] of couples) {
    client.connect(remote);
    client.update(version);
    client.addTunnel(agent.number);
  }
  const settledAt = await settled;
  const watched = await report(server);
  const bystanders_update = await bystanding;
  return { all_settled: settledAt !== undefined, settled_s: seconds(start, settledAt), ...watched, bystanders_update };
};

const bystandersOf = (bench: Bench, first: number): Stage['bystanders'] => {
  const [watcher, publisher] = bench.createPeers(first, 2);
  if (watcher === undefined || publisher === undefined) throw new Error('nobody stands by');
  return [watcher, publisher];
};

/** How long updates take, one after the other, until something has happened. */
const latenciesUntil = async (
  happened: Promise<unknown>,
  [watcher, publisher]: Stage['bystanders'],
): Promise<LatencyFigures> => {
  const latencies: number[] = [];
  const until = { isOver: false };
  void happened.then(() => (until.isOver = true));
  while (!until.isOver) {
    const at = publisher.update();
    const seenAt = await watcher.eventuallyHas(publisher.number, publisher.version, patience);
    if (seenAt === undefined) throw new Error(`an update was not seen within ${patience / 1000} s`);
    latencies.push(seenAt - at);
  }
  return latencyFigures(latencies);
};

/** When every client has this version of its agent, and every agent that version of its clients; undefined if that takes too long. */
const everybodyHas = (
  bench: Bench,
  couples: Stage['couples'],
  ofAgents: number,
  ofClients: number,
): Promise<number | undefined> => {
  const milestone = bench.peers.watchdog.expect(2 * couples.length, patience);
  for (const [client, agent] of couples) {
    client.whenHas(agent.number, ofAgents, milestone);
    agent.whenHas(client.number, ofClients, milestone);
  }
  return milestone.reached;
};

const ask = <K extends FromServer['kind']>(server: Server, message: ToServer, answer: K) => {
  const answered = server.next(answer);
  server.send(message);
  return answered;
};

const report = async (server: Server): Promise<Watched> => {
  const { kind: _kind, ...watched } = await ask(server, { kind: 'report' }, 'watched');
  return watched;
};

const seconds = (start: number, end = performance.now()): number => (end - start) / 1000;
