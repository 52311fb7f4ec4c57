// npm run demo: two coordinators, a dozen peers, and the death of one coordinator, drawn in the terminal. It ends by itself
// after half a minute, or with q or Ctrl-C. `--hasty`: in one process and within seconds, for tests.
import { BehaviorSubject } from 'rxjs';
import { hastyStage } from './hastyStage.js';
import { after, nothingYet, type CoordinatorName } from './mesh.js';
import { play } from './play.js';
import { realStage } from './realStage.js';
import { showMesh } from './screen.js';
import { stopRequest } from './stopRequest.js';

const words = process.argv.slice(2);
if (words.some((word) => word !== '--hasty')) {
  console.error(`the demo takes no options but --hasty, got ${words.join(' ')}`);
  process.exit(2);
}

const mesh$ = new BehaviorSubject(
  after(nothingYet, { kind: 'caption', text: 'A PostgreSQL and two coordinators start. (q or Ctrl-C ends the demo.)' }),
);
const isLive = (name: CoordinatorName): void =>
  mesh$.next(after(mesh$.value, { kind: 'coordinator', name, state: 'live' }));

const stop = stopRequest();
const screen = showMesh(mesh$, process.stdout);
try {
  const stage = words.length > 0 ? hastyStage() : await realStage(isLive);
  if (words.length > 0) for (const name of ['north', 'south'] as const) isLive(name);
  try {
    stop.signal.throwIfAborted();
    await play(stage, mesh$, stop.signal);
    mesh$.next(after(mesh$.value, { kind: 'caption', text: '' }));
  } finally {
    screen.unsubscribe();
    await stage.close();
  }
  console.log('That was it. docs/tour.md does the same by hand; examples/ in programs.');
} catch (error) {
  if (!stop.signal.aborted) throw error;
} finally {
  screen.unsubscribe();
  stop.dispose();
}
