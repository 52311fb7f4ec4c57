import { expect } from 'chai';
import { symlinkSync } from 'node:fs';
import { quietPort } from '../support/quietPort.js';
import { temporaryDirectory } from '../cli/temporaryDirectory.js';
import { fencesOf, root, type Fence } from './markdown.js';
import { Terminal } from './terminal.js';

/** What it takes to run the commands of the tour somewhere else than in the clone itself, where a `.tailnet` may be. */
const parts = ['package.json', 'node_modules', 'src', 'dist', 'migrations', 'tsconfig.json'];

/** The ports that the tour names. The first two are those of `npm start`. */
const ports = ['7350', '7351', '7360', '7361', '7370', '7371'];

/** In which terminal a block is typed or shown: its last two marks. */
const terminalOf = ({ marks, place }: Fence): string => {
  const [word, name = ''] = marks.slice(-2);
  expect(word, `${place} says in which terminal`).to.equal('terminal');
  return name;
};

/** What a block shows, whatever the ids of coordinators are, and the seconds. */
const patternOf = (text: string): RegExp =>
  new RegExp(
    text
      .trimEnd()
      .replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
      .replaceAll(/\b(?!b0b00000|a11ce000)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '[0-9a-f-]{36}')
      .replaceAll(/\d+\\\.\d s\b/g, '\\d+\\.\\d s'),
  );

/** What is awaited of a command before the next one is typed, because a reader would; and how. */
const signsOfLife: readonly (readonly [RegExp, RegExp])[] = [
  [/npm start/, /"msg":"listening"/],
  [/peer --url/, /^connected to .*/m],
];

/** Typed after commands that leave their output in files: waits until both coordinators are there. */
const awaitLogs = 'for log in second third; do grep -qm1 listening <(tail -n +1 -f $log.log); done; echo both listen\n';

describe('the tour', () => {
  it('goes as it says', async () => {
    using directory = temporaryDirectory();
    for (const part of parts) symlinkSync(root + part, `${directory.path}/${part}`);
    const free = await Promise.all(ports.map(async () => String(await quietPort())));
    const onFreePorts = (text: string): string =>
      // In one go: a free port may have another one's digits in it.
      text.replaceAll(new RegExp(ports.join('|'), 'g'), (found) => free[ports.indexOf(found)] ?? '');
    const [port = '', grpcPort = ''] = free;

    const terminals = new Map<string, Terminal>();
    const terminal = (name: string): Terminal => {
      const environment = name === '1' ? { TAILNET_PORT: port, TAILNET_GRPC_PORT: grpcPort } : {};
      const opened = terminals.get(name) ?? new Terminal(directory.path, environment);
      terminals.set(name, opened);
      return opened;
    };

    try {
      for (const fence of fencesOf('docs/tour.md')) {
        const at = terminal(terminalOf(fence));
        const text = onFreePorts(fence.text);
        if (fence.marks[0] === 'typed') {
          expect(text, 'the key that can be pressed').to.equal('^C\n');
          at.interrupt();
        } else if (fence.language === 'sh') {
          at.type(text);
          for (const [command, sign] of signsOfLife) if (command.test(text)) await at.shows(sign, false);
          if (!text.includes('.log')) continue;
          at.type(awaitLogs);
          await at.shows(/both listen/);
        } else {
          await at.shows(patternOf(text));
        }
      }
    } finally {
      for (const opened of [...terminals.values()].reverse()) await opened[Symbol.asyncDispose]();
    }
  }).timeout(120_000);
});
