// A coordinator behind the WebSocket gateway, in a process of its own; told what to do by messages of its parent.
import { filter, firstValueFrom, share } from 'rxjs';
import { type Coordinator, createCoordinator } from 'tailnet-coordinator';
import { webSocketGateway } from 'tailnet-coordinator/gateways';
import { collectGarbage } from '../measure/collectGarbage.js';
import { residentBytes } from '../measure/procStat.js';
import { watchLoop } from './loopDelay.js';
import type { FromServer, ToServer, Watched } from './messages.js';

let coordinator: Coordinator | undefined;
let endOfWatch: (() => Watched) | undefined;

const say = (message: FromServer): void => {
  process.send?.(message);
};

const start = async (database: string, maxConnections: number): Promise<void> => {
  coordinator = createCoordinator({ database });
  await firstValueFrom(coordinator.health$.pipe(filter((health) => health === 'healthy')));
  const events$ = webSocketGateway(coordinator, { port: 0, limits: { maxConnections } }).pipe(share());
  const listening = firstValueFrom(events$.pipe(filter((event) => event.kind === 'listening')));
  events$.subscribe();
  say({ kind: 'listening', url: (await listening).url });
};

const obey = async (message: ToServer): Promise<void> => {
  switch (message.kind) {
    case 'start':
      await start(message.url, message.maxConnections);
      break;
    case 'collect':
      await collectGarbage();
      say({ kind: 'collected', rss: residentBytes() });
      break;
    case 'watch':
      endOfWatch = watchLoop();
      say({ kind: 'watching' });
      break;
    case 'report':
      if (endOfWatch === undefined) throw new Error('nothing was watched');
      say({ kind: 'watched', ...endOfWatch() });
      break;
    case 'stop':
      await coordinator?.close();
      say({ kind: 'stopped' });
      process.exit(0);
  }
};

process.on('message', (message: ToServer) => void obey(message));
// The parent is gone, and nobody else would end it.
process.on('disconnect', () => process.exit(0));
