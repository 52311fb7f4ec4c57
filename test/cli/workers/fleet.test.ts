import cluster from 'node:cluster';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { pino } from 'pino';
import { Fleet } from '../../../src/cli/workers/fleet.js';

interface Line {
  readonly msg: string;
  readonly worker: number;
  readonly signal?: string;
  readonly err?: { readonly code: string };
}

/** Lines of a log, and the first of a kind, when it has come. */
class Log {
  readonly lines: Line[] = [];
  readonly logger = pino(
    { level: 'info' },
    {
      write: (line: string) => {
        this.lines.push(JSON.parse(line) as Line);
        for (const look of this.#waiting) look();
      },
    },
  );
  readonly #waiting = new Set<() => void>();

  line(isIt: (line: Line) => boolean): Promise<Line> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.lines.find(isIt);
        if (found === undefined) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }
}

const exec = fileURLToPath(new URL('worker.mjs', import.meta.url));

describe('Fleet', function () {
  this.timeout(30_000);

  let log: Log;
  let fleet: Fleet;

  const aFleet = (behaviour: string, size = 1, stopLimit = 1e9): Fleet => {
    cluster.setupPrimary({ exec, args: [], execArgv: [], cwd: process.cwd() });
    log = new Log();
    return (fleet = new Fleet({ size, stopLimit, environment: { TEST_WORKER: behaviour }, logger: log.logger }));
  };

  const online = (): Promise<unknown> => once(cluster, 'online');

  /** So many have told this, from now on. */
  const told = (what: string, size: number): Promise<void> =>
    new Promise((resolve) => {
      let count = 0;
      const onMessage = (_worker: unknown, message: { kind: string }): void => {
        if (message.kind !== what || ++count < size) return;
        cluster.off('message', onMessage);
        resolve();
      };
      cluster.on('message', onMessage);
    });
  const listening = (size: number): Promise<void> => told('tailnet:listening', size);

  afterEach(async () => {
    fleet.stop();
    fleet.kill();
    await fleet.ended;
  });

  it('ends one that does not listen yet', async () => {
    aFleet('loading').start();
    await online();
    fleet.stop();
    expect(await fleet.ended).to.equal(0);
  });

  it('drains one that has just begun to listen, when it says so', async () => {
    aFleet('late').start();
    await told('test:ready', 1);
    fleet.stop();
    expect(await fleet.ended).to.equal(0);
  });

  it('kills one that does not end in time', async () => {
    aFleet('blocked', 1, 1).start();
    await told('test:ready', 1);
    fleet.stop();
    expect(await fleet.ended).to.equal(1);
    expect(log.lines.map(({ msg }) => msg)).to.deep.equal(['workers have not ended after 0.001 s; killing them']);
  });

  it('tells the metrics of those who tell theirs, and who does not', async () => {
    aFleet('serving', 2).start();
    await listening(2);
    const text = await fleet.scrape();
    expect(text).to.contain('some_total{worker="1"} 7\n');
    expect(text).to.contain('tailnet_worker_up{worker="1"} 1\n');
    expect(text).to.contain('tailnet_worker_up{worker="2"} 0\n');
    await log.line(({ worker, signal }) => worker === 2 && signal === 'SIGKILL');
    await listening(1);
    expect(await fleet.scrape()).to.contain('tailnet_worker_restarts_total{worker="2"} 1\n');
  });

  it('says what ended one before any listened', async () => {
    aFleet('loading').start();
    await online();
    fleet.kill();
    expect(await fleet.ended).to.equal(1);
    expect(log.lines.map(({ msg, signal }) => [msg, signal])).to.deep.equal([['worker could not start', 'SIGKILL']]);
  });

  it('goes on when one cannot be made, and makes it later', async () => {
    aFleet('serving').start();
    await listening(1);
    cluster.setupPrimary({ cwd: '/no/such/directory' });
    fleet.kill();
    await log.line(({ err }) => err?.code === 'ENOENT');
    cluster.setupPrimary({ cwd: process.cwd() });
    await listening(1);
    expect(Object.values(cluster.workers ?? {}).map((worker) => worker?.process.pid)).not.to.include(undefined);
    fleet.stop();
    expect(await fleet.ended).to.equal(0);
  });
});
