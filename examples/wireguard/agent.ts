// A machine's place in the mesh: makes a WireGuard interface and keeps its peers as the coordinator tells. README.md
// says more.
import { fromEvent, merge, shareReplay, take } from 'rxjs';
import { readOptions, usage } from './agent/readOptions.js';
import { addressHints, readEndpoints, watchEndpoints } from './agent/watchEndpoints.js';
import { wireguardAgent } from './agent/wireguardAgent.js';
import { wireguardInterface } from './agent/wireguardInterface.js';

const main = (): void => {
  const options = readOptions(process.argv.slice(2));
  const { name, port } = options.interface;
  const token = process.env['TAILNET_TOKEN'];
  // A second signal ends the process at once.
  const goodbye$ = merge(fromEvent(process, 'SIGTERM'), fromEvent(process, 'SIGINT')).pipe(take(1), shareReplay(1));
  // From now on, also while the interface is being made: it is not to stay behind.
  goodbye$.subscribe();
  wireguardAgent({
    ...options,
    ...(token === undefined ? {} : { token }),
    makeInterface: wireguardInterface,
    endpoints$: watchEndpoints(addressHints(), readEndpoints(port, name)),
    goodbye$,
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
