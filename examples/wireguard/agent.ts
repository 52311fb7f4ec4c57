// A machine's place in the mesh: makes a WireGuard interface and keeps its peers as the coordinator tells. README.md says more.
import { parseArgs } from 'node:util';
import { fromEvent, merge, take } from 'rxjs';
import { addressHints, readEndpoints, watchEndpoints } from './agent/watchEndpoints.js';
import { wireguardAgent } from './agent/wireguardAgent.js';
import { wireguardInterface } from './agent/wireguardInterface.js';

const usage = `node --import tsx examples/wireguard/agent.ts --id UUID --url ws://HOST:PORT [--url …] [--tunnel UUID]…
    [--interface wg0] [--port 41641] [--derp 1]
  The variable TAILNET_TOKEN may have the token that proves who this is. Needs root, ip, wg and wireguard-go.`;

const readOptions = () => {
  const { values } = parseArgs({
    options: {
      id: { type: 'string' },
      url: { type: 'string', multiple: true },
      tunnel: { type: 'string', multiple: true, default: [] },
      interface: { type: 'string', default: 'wg0' },
      port: { type: 'string', default: '41641' },
      derp: { type: 'string', default: '1' },
    },
  });
  const { id, url: urls } = values;
  if (id === undefined) throw new Error('--id is required: the UUID of this machine');
  if (urls === undefined) throw new Error('--url is required: a coordinator, such as ws://127.0.0.1:7350');
  const [port, derp] = [Number(values.port), Number(values.derp)];
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new Error(`--port must be from 1 to 65535, not ${values.port}`);
  if (!Number.isInteger(derp) || derp < 1) throw new Error(`--derp must be a whole number from 1, not ${values.derp}`);
  return { id, urls: urls.map(readUrl), tunnels: values.tunnel, name: values.interface, port, derp };
};

/** The path may be left out. */
const readUrl = (text: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^wss?:$/.test(url.protocol)) {
    throw new Error(`--url must be that of a coordinator, such as ws://127.0.0.1:7350, not ${text}`);
  }
  if (url.pathname === '/') url.pathname = '/api/v2/coordinate';
  return url;
};

const main = (): void => {
  const { id, urls, tunnels, name, port, derp } = readOptions();
  const token = process.env['TAILNET_TOKEN'];
  wireguardAgent({
    id,
    urls,
    ...(token === undefined ? {} : { token }),
    tunnels,
    derp,
    interface: { name, port },
    makeInterface: wireguardInterface,
    endpoints$: watchEndpoints(addressHints(), readEndpoints(port, name)),
    goodbye$: merge(fromEvent(process, 'SIGTERM'), fromEvent(process, 'SIGINT')).pipe(take(1)),
  }).subscribe({
    next: (event) => console.log(JSON.stringify(event)),
    error: fail,
  });
};

const fail = (error: unknown): void => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
};

try {
  main();
} catch (error) {
  fail(error);
  console.error(usage);
  process.exitCode = 2;
}
