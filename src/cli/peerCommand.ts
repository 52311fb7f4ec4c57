import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import type { Uuid } from '../db/store.js';
import { escapeHarmful } from '../auth/harmful.js';
import { isUuid, parseUuid } from '../proto/uuid.js';
import { option } from './environment.js';
import { errorText } from './errorText.js';
import type { Output } from './output.js';
import { uuid, uuids, webSocketUrl, wholeNumber } from './parsers.js';
import { paint, wantsColours } from './paint.js';
import type { PeerEvent } from './peerEvent.js';
import { peerTlsOf, peerTlsOptions, type PeerTlsOptions } from './peerTls.js';
import { UsageError } from './usageError.js';

interface PeerOptions extends PeerTlsOptions {
  readonly url: URL;
  readonly id?: Uuid;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly tunnel: readonly Uuid[];
  readonly derp: number;
  readonly json?: boolean;
}

/** `peer`: a peer on the command line, to try a coordinator out with. */
export function peerCommand(output: Output, end: (exitCode: number) => void): Command {
  const command = new Command('peer')
    .description('Connect as a peer and print what the coordinator says, until Ctrl-C says goodbye.')
    .addOption(
      option('--url <url>', 'the coordinator, such as ws://127.0.0.1:7350')
        .argParser(webSocketUrl)
        .makeOptionMandatory(),
    )
    .addOption(option('--id <uuid>', "this peer's id (default: that of the token, or random)").argParser(uuid))
    .addOption(option('--token <token>', 'proves who this is; best in its variable, or in a file'))
    .addOption(option('--token-file <file>', 'a file with the token'))
    .addOption(
      option('--tunnel <uuid>', 'open a tunnel to this peer; may be given several times, or several with commas')
        .argParser(uuids)
        .default([], 'none'),
    )
    .addOption(
      option('--derp <region>', 'the home relay region to publish').argParser(wholeNumber(0, 2_147_483_647)).default(1),
    )
    .addOption(option('--json', 'print JSON, one object a line'));
  for (const made of peerTlsOptions()) command.addOption(made);
  return command.action(async (options: PeerOptions) => {
    const url = new URL(options.url);
    const tls = await peerTlsOf(options, url);
    const token = await tokenOf(options);
    const claimed = token ?? url.searchParams.get('token') ?? undefined;
    const id = options.id ?? url.searchParams.get('id') ?? (claimed === undefined ? randomUUID() : subjectOf(claimed));
    url.searchParams.set('id', id);
    const [{ createPeerNode }, { jsonPeerLines, readablePeerLines }, { runPeer }] = await Promise.all([
      import('./createPeerNode.js'),
      import('./peerLines.js'),
      import('./runPeer.js'),
    ]);
    const lines = options.json === true ? jsonPeerLines : readablePeerLines;
    const node = createPeerNode(id, options.derp);
    // What others publish, and what somebody answers who may be no coordinator, is not to write to this terminal.
    const shown = options.json !== true && wantsColours() ? paint : (text: string) => text;
    const print = (event: PeerEvent) => output.out(`${shown(escapeHarmful(lines(event)))}\n`);
    end(await runPeer({ url, id, node, tunnels: options.tunnel, tls, print, ...(token !== undefined && { token }) }));
  });
}

/** The token that the options give; `--token` wins. */
async function tokenOf({ token, tokenFile }: Pick<PeerOptions, 'token' | 'tokenFile'>): Promise<string | undefined> {
  if (token !== undefined || tokenFile === undefined) return token;
  const text = await readFile(tokenFile, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`option '--token-file': ${errorText(cause)}`, { cause });
  });
  return text.trim();
}

/** Whom a token is about. Whether that is true is for the coordinator to say. */
function subjectOf(token: string): Uuid {
  let subject: unknown;
  try {
    const [, payload = ''] = token.split('.');
    ({ sub: subject } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { sub?: unknown });
  } catch {
    // It is no JWT: that it has no subject says enough.
  }
  if (typeof subject === 'string' && isUuid(subject)) return parseUuid(subject);
  throw new UsageError('the token does not say whose it is: its claim "sub" is no UUID');
}
