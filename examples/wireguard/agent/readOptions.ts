import { parseArgs } from 'node:util';
import { isUuid, parseUuid } from 'tailnet-coordinator/client';

/** What the command line of the agent says. */
export interface CommandLine {
  readonly id: string;
  readonly urls: readonly URL[];
  readonly tunnels: readonly string[];
  readonly interface: { readonly name: string; readonly port: number };
  readonly derp: number;
}

/** How the agent is called. */
export const usage = `node --import tsx examples/wireguard/agent.ts --id UUID --url ws://HOST:PORT [--url …] [--tunnel UUID]…
    [--interface wg0] [--port 41641] [--derp 1]
  The variable TAILNET_TOKEN may have the token that proves who this is. Needs root, ip, wg and wireguard-go.`;

/**
 * Reads the words after the program's name.
 *
 * @throws Error that says which option is wrong, and what is accepted
 */
export const readOptions = (words: readonly string[]): CommandLine => {
  const { values } = parseArgs({
    args: [...words],
    options: {
      id: { type: 'string' },
      url: { type: 'string', multiple: true },
      tunnel: { type: 'string', multiple: true, default: [] },
      interface: { type: 'string', default: 'wg0' },
      port: { type: 'string', default: '41641' },
      derp: { type: 'string', default: '1' },
    },
  });
  if (values.id === undefined) throw new Error('--id is required: the UUID of this machine');
  if (values.url === undefined) throw new Error('--url is required: a coordinator, such as ws://127.0.0.1:7350');
  return {
    id: readUuid('--id', values.id),
    urls: values.url.map(readUrl),
    tunnels: values.tunnel.map((text) => readUuid('--tunnel', text)),
    interface: { name: readName(values.interface), port: readNumber('--port', values.port, 65_535) },
    derp: readNumber('--derp', values.derp, 2 ** 31 - 1),
  };
};

const readUuid = (option: string, text: string): string => {
  if (!isUuid(text)) throw new Error(`${option} must be a UUID, not ${JSON.stringify(text)}`);
  return parseUuid(text);
};

/** The path may be left out. */
const readUrl = (text: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^wss?:$/.test(url.protocol)) {
    throw new Error(`--url must be that of a coordinator, such as ws://127.0.0.1:7350, not ${JSON.stringify(text)}`);
  }
  if (url.pathname === '/') url.pathname = '/api/v2/coordinate';
  return url;
};

/** Linux takes no more. */
const readName = (text: string): string => {
  if (!/^[\w.-]{1,15}$/.test(text)) {
    throw new Error(`--interface must be 1 to 15 letters, digits, and any of _.-, not ${JSON.stringify(text)}`);
  }
  return text;
};

const readNumber = (option: string, text: string, max: number): number => {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (number < 1 || number > max) throw new Error(`${option} must be from 1 to ${max}, not ${JSON.stringify(text)}`);
  return number;
};
