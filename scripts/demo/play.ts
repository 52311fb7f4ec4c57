import { setTimeout as delay } from 'node:timers/promises';
import {
  NEVER,
  Subscription,
  concat,
  filter,
  firstValueFrom,
  from,
  fromEvent,
  takeUntil,
  type BehaviorSubject,
} from 'rxjs';
import { PeerUpdateKind, peerIdOf, requests } from '../../src/index.js';
import { cast, homeOf, idOf, nameOf, tunnels } from './cast.js';
import { after, countSights, type CoordinatorName, type DemoEvent, type Mesh } from './mesh.js';
import type { Stage } from './stage.js';

const sightOf = new Map([
  [PeerUpdateKind.NODE, 'node'],
  [PeerUpdateKind.LOST, 'lost'],
  [PeerUpdateKind.DISCONNECTED, 'disconnected'],
] as const);

/** What both ends of all tunnels see when all is well. */
const everything = 2 * tunnels.length;

/** The story of the demo, from the first peer to the last one that is found again. Rejects with what `stop` says. */
export async function play(stage: Stage, mesh$: BehaviorSubject<Mesh>, stop: AbortSignal): Promise<void> {
  const connections = new Subscription();
  const happen = (event: DemoEvent): void => mesh$.next(after(mesh$.value, event));
  const say = (text: string): void => happen({ kind: 'caption', text });
  const seconds = (count: number): Promise<void> => delay(count * stage.second, undefined, { signal: stop });
  const until = (holds: (mesh: Mesh) => boolean): Promise<Mesh> => {
    const stopped$ = fromEvent(stop, 'abort');
    return firstValueFrom(mesh$.pipe(filter(holds), takeUntil(stopped$)));
  };
  const connect = (name: string, at: CoordinatorName): void => {
    const opened = tunnels.filter(([src]) => src === name).map(([, dst]) => requests.addTunnel(idOf(dst)));
    const node = requests.updateSelf({ preferredDerp: 1 });
    const away = (): void => happen({ kind: 'peer', name, at: 'away' });
    happen({ kind: 'peer', name, at });
    connections.add(
      stage.connect$(at, idOf(name), concat(from([node, ...opened]), NEVER)).subscribe({
        next: ({ peerUpdates }) => {
          for (const update of peerUpdates) {
            const sight = sightOf.get(update.kind as never);
            if (sight) happen({ kind: 'told', who: name, of: nameOf(peerIdOf(update)), sight });
          }
        },
        error: away,
        complete: away,
      }),
    );
  };

  try {
    say(
      'A dozen peers connect, half of them to each coordinator. Each publishes its node and opens two tunnels; a tunnel shows both ends to each other.',
    );
    await seconds(1);
    for (const index of cast.keys()) {
      // By turns from above and from below.
      const name = cast[index % 2 === 0 ? index / 2 : cast.length - (index + 1) / 2] ?? '';
      connect(name, homeOf(name));
      await seconds(0.35);
    }
    await until((mesh) => countSights(mesh, 'node') === everything);

    say('A mesh over two coordinators that share nothing but a database.');
    await seconds(3);

    say('North is killed. Its peers notice at once; South, and who is connected there, does not.');
    stage.killNorth();
    happen({ kind: 'coordinator', name: 'north', state: 'killed' });
    await until(({ peers }) => cast.every((name) => homeOf(name) === 'south' || peers.get(name) === 'away'));
    await seconds(2);

    say(
      'After three missing heartbeats the peers of North are LOST for those at South. Nobody tears anything down: a tunnel that works needs no coordinator.',
    );
    await until((mesh) => countSights(mesh, 'lost') > 0);
    await seconds(3);

    say(
      'The peers of North come to South. Usually they are there within a second; here they waited, so that there was something to see.',
    );
    for (const name of cast.filter((one) => homeOf(one) === 'north')) {
      connect(name, 'south');
      await seconds(0.5);
    }
    await until((mesh) => countSights(mesh, 'lost') === 0);

    say('Found again, all of them; nobody was ever told to forget anybody.');
    await seconds(3);
  } finally {
    connections.unsubscribe();
  }
}
