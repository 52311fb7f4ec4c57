import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { filter, firstValueFrom, fromEvent, map, share, takeUntil } from 'rxjs';
import { createCoordinator } from '../../src/coordinator.js';
import { webSocketGateway } from '../../src/gateways/webSocketGateway.js';
import { memoryDatabase } from '../../src/testing/index.js';
import { fencesOf, root } from './markdown.js';

/** The URL that the README tells its readers to connect to. */
const readmeUrl = 'ws://127.0.0.1:7350';

/** The commands of the README that connect a peer, and what it says that the second one prints. */
const [bobs = '', alices = ''] = fencesOf('README.md')
  .flatMap(({ text }) => text.split('\n'))
  .filter((line) => line.startsWith('node dist/cli/main.js peer'));
const promised = fencesOf('README.md').find(({ text }) => text.startsWith('connected to '))?.text ?? '';

/** Runs such a command against another URL; its lines as they come, until it ends. */
const start = (command: string, url: string) => {
  const child = spawn(process.execPath, command.replace(readmeUrl, url).split(' ').slice(1), { cwd: root });
  const lines = createInterface(child.stdout);
  const lines$ = fromEvent(lines, 'line').pipe(
    map((line) => String(line).replace(url, readmeUrl)),
    takeUntil(fromEvent(lines, 'close')),
    share(),
  );
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { lines$, ended, interrupt: () => child.kill('SIGINT'), [Symbol.dispose]: () => void child.kill('SIGKILL') };
};

describe('the two peers of the README', () => {
  it('see what it says', async () => {
    await using coordinator = createCoordinator({ database: memoryDatabase() });
    const events$ = webSocketGateway(coordinator, { port: 0 }).pipe(share());
    const listening = firstValueFrom(events$.pipe(filter((event) => event.kind === 'listening')));
    const serving = events$.subscribe();
    using _server = { [Symbol.dispose]: () => serving.unsubscribe() };
    const { host } = new URL((await listening).url);

    using bob = start(bobs, `ws://${host}`);
    await firstValueFrom(bob.lines$);
    using alice = start(alices, `ws://${host}`);
    const seen: string[] = [];
    alice.lines$.subscribe((line) => seen.push(line));
    await firstValueFrom(alice.lines$.pipe(filter((line) => line.includes(' NODE '))));
    bob.interrupt();
    await firstValueFrom(alice.lines$.pipe(filter((line) => line.includes(' DISCONNECTED '))));
    expect(`${seen.join('\n')}\n`).to.equal(promised);

    alice.interrupt();
    expect(await Promise.all([bob.ended, alice.ended])).to.deep.equal([0, 0]);
  });
});
