import { expect } from 'chai';
import { readFileSync, readdirSync } from 'node:fs';
import { NEVER } from 'rxjs';
import { runCommandLine } from '../cli/runCommandLine.js';
import { coordinatorTransport, webSocketTransport } from '../../src/client/index.js';
import { resolveClientOptions } from '../../src/client/resolveClientOptions.js';
import { defaultTuning } from '../../src/defaults.js';
import { defaultDebugLimits } from '../../src/gateways/debug/debugOptions.js';
import { defaultWatchLimits } from '../../src/gateways/watchOptions.js';
import { defaultGrpcLimits } from '../../src/gateways/grpcOptions.js';
import { defaultV1Limits } from '../../src/gateways/legacy/serveV1.js';
import { defaultWebSocketLimits } from '../../src/gateways/webSocketOptions.js';
import { alice } from '../../src/testing/index.js';
import { root, textOf } from './markdown.js';

/** The rows of the table under a heading: what the first column names in backticks, and the text of the others. */
const tableUnder = (file: string, heading: string): ReadonlyMap<string, string> => {
  const [, section = ''] = textOf(file).split(`\n${heading}\n`);
  const rows = section.split(/\n#+ /)[0]?.matchAll(/^\| `([^`]+)` *\|(.*)\|$/gm) ?? [];
  return new Map([...rows].map(([, name = '', rest = '']) => [name, rest]));
};

/** All of the sources. */
const sources = (): string =>
  readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(`${root}src/${file}`, 'utf8'))
    .join('');

/** A number without its separators, in backticks, as it stands in a table. */
const cell = (value: number | string): string => `\`${String(value)}\``;

describe('the tables of the documentation are complete and true', () => {
  it('the options of serve', async () => {
    let help = '';
    await runCommandLine(['serve', '--help'], { out: (text) => (help += text), error: () => {} });
    const table = tableUnder('docs/operations.md', '## Options of `serve`');
    const entries = help.split(/\n {2}(?=-)/).slice(1);
    const expected = new Map(
      entries.flatMap((entry) => {
        const words = entry.replaceAll(/\s+/g, ' ');
        const [, flag] = /^(--[\w-]+)/.exec(words) ?? [];
        if (flag === undefined) return [];
        return [[flag, /\(.*?default: "?([\w.]+)"?,/.exec(words)?.[1]] as const];
      }),
    );
    expect([...table.keys()].map((flag) => flag.split(' ')[0])).to.have.members([...expected.keys()]);
    for (const [flags, rest] of table) {
      const flag = flags.split(' ')[0] ?? '';
      expect(rest).to.contain(`TAILNET_${flag.slice(2).toUpperCase().replaceAll('-', '_')}`);
      const value = expected.get(flag);
      if (value !== undefined) expect(rest, flag).to.contain(cell(value));
    }
  });

  const defaults = (file: string, heading: string, values: Readonly<Record<string, number>>) => {
    const table = tableUnder(file, heading);
    expect([...table.keys()]).to.have.members(Object.keys(values));
    for (const [name, value] of Object.entries(values)) expect(table.get(name), name).to.contain(cell(value));
  };

  it('the options of a client', () => {
    const [, options = ''] = readFileSync(`${root}src/client/clientOptions.ts`, 'utf8').split('TailnetClientOptions {');
    const names = [...options.matchAll(/^ {2}readonly ([\w$]+)\??:/gm)].map(([, name]) => name);
    const table = tableUnder('docs/client.md', '## Its options');
    expect([...table.keys()]).to.have.members(names);
    const { initialBackoff, maxBackoff, goodbyePatience, lostGrace } = resolveClientOptions(
      { id: alice, node$: NEVER, transport: coordinatorTransport({ coordinate$: () => NEVER }) },
      webSocketTransport,
    );
    const numbers = { backoff: `${initialBackoff}, ${maxBackoff}`, goodbyePatience, lostGrace };
    for (const [name, value] of Object.entries(numbers)) expect(table.get(name), name).to.match(RegExp(`^ ${value} `));
  });

  it('the tuning of a coordinator', () => {
    defaults('docs/embedding.md', '## Tuning', { ...defaultTuning });
  });

  it('the limits of the WebSocket gateway', () => {
    defaults('docs/embedding.md', '## Limits of the WebSocket gateway', { ...defaultWebSocketLimits });
  });

  it('the limits of the gRPC gateway, as far as they are its own', () => {
    const own = Object.entries(defaultGrpcLimits).filter(([name]) => !(name in defaultWebSocketLimits));
    defaults('docs/gateways.md', '### Limits of the gRPC gateway', Object.fromEntries(own));
    expect(defaultWebSocketLimits).to.include(
      Object.fromEntries(Object.entries(defaultGrpcLimits).filter(([name]) => name in defaultWebSocketLimits)),
    );
  });

  it('the limits of V1', () => {
    defaults('docs/gateways.md', '### Limits of V1', { ...defaultV1Limits });
  });

  it('the limits of watching', () => {
    defaults('docs/gateways.md', '### Limits of watching', { ...defaultWatchLimits });
  });

  it('the limits of looking', () => {
    defaults('docs/gateways.md', '### Limits of looking', { ...defaultDebugLimits });
  });

  it('what an operator sees, and what to do', () => {
    const [, section = ''] = textOf('docs/operations.md').split('\n## What to do when\n');
    const firstColumns = [...section.matchAll(/^\| ([^|]+)\|/gm)].map(([, column = '']) => column);
    const messages = firstColumns.flatMap((column) => [...column.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text));
    const code = sources();
    expect(messages).to.have.length.above(10);
    for (const message of messages.filter((text) => text !== 'lost')) expect(code).to.contain(message);
  });
});
