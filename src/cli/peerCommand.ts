import { randomUUID } from 'node:crypto';
import { Command } from 'commander';
import type { Uuid } from '../db/store.js';
import { option } from './environment.js';
import type { Output } from './output.js';
import { uuid, uuids, webSocketUrl, wholeNumber } from './parsers.js';
import { createPeerNode } from './createPeerNode.js';
import { jsonPeerLines, readablePeerLines } from './peerLines.js';
import { runPeer } from './runPeer.js';

interface PeerOptions {
  readonly url: URL;
  readonly id?: Uuid;
  readonly tunnel: readonly Uuid[];
  readonly derp: number;
  readonly json?: boolean;
}

/** `peer`: a peer on the command line, to try a coordinator out with. */
export function peerCommand(output: Output, end: (exitCode: number) => void): Command {
  return new Command('peer')
    .description('Connect as a peer and print what the coordinator says, until Ctrl-C says goodbye.')
    .addOption(
      option('--url <url>', 'the coordinator, such as ws://127.0.0.1:7350')
        .argParser(webSocketUrl)
        .makeOptionMandatory(),
    )
    .addOption(option('--id <uuid>', "this peer's id (default: random)").argParser(uuid))
    .addOption(
      option('--tunnel <uuid>', 'open a tunnel to this peer; may be given several times, or several with commas')
        .argParser(uuids)
        .default([], 'none'),
    )
    .addOption(
      option('--derp <region>', 'the home relay region to publish').argParser(wholeNumber(0, 2_147_483_647)).default(1),
    )
    .addOption(option('--json', 'print JSON, one object a line'))
    .action(async (options: PeerOptions) => {
      const url = new URL(options.url);
      const id = options.id ?? url.searchParams.get('id') ?? randomUUID();
      url.searchParams.set('id', id);
      const lines = options.json === true ? jsonPeerLines : readablePeerLines;
      const node = createPeerNode(id, options.derp);
      end(await runPeer({ url, id, node, tunnels: options.tunnel, print: (event) => output.out(`${lines(event)}\n`) }));
    });
}
