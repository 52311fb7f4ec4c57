import type { Observable } from 'rxjs';
import { auditTime, map, pairwise, filter, type Subscription } from 'rxjs';
import { wantsColours } from '../../src/cli/paint.js';
import { drawMesh, size } from './drawMesh.js';
import type { Mesh } from './mesh.js';

/** Control sequences of terminals (ECMA-48, and xterm's screen beside the usual one). */
const control = {
  enter: '\u001b[?1049h\u001b[?25l\u001b[2J',
  leave: '\u001b[?25h\u001b[?1049l',
  home: '\u001b[H',
  clearLine: '\u001b[K',
};

/** The part of a stream that a screen needs: `process.stdout`. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

/** Whether pictures are drawn one over the other: on a terminal where they fit, and that can do so. */
const canRedraw = ({ isTTY = false, columns = 0, rows = 0 }: Output, environment: NodeJS.ProcessEnv): boolean =>
  isTTY && environment['TERM'] !== 'dumb' && columns > size.columns && rows > size.rows;

/**
 * Shows a mesh for as long as it is subscribed to: on a terminal as a picture that is drawn again whenever something
 * happens, thirty times a second at most, on a screen of its own; elsewhere as it is whenever what is said about it
 * changes, one picture after the other.
 */
export function showMesh(mesh$: Observable<Mesh>, output: Output, environment = process.env): Subscription {
  const hasColours = wantsColours(output.isTTY ?? false, environment);
  if (!canRedraw(output, environment)) {
    const last$ = mesh$.pipe(
      pairwise(),
      filter(([before, mesh]) => before.caption !== mesh.caption && before.caption !== ''),
      map(([before]) => before),
    );
    return last$.subscribe((mesh) => output.write(`${drawMesh(mesh, { hasColours }).join('\n').trimEnd()}\n\n`));
  }
  output.write(control.enter);
  const showing = mesh$.pipe(auditTime(33)).subscribe((mesh) => {
    const lines = drawMesh(mesh, { hasColours }).map((line) => `${line}${control.clearLine}`);
    output.write(control.home + lines.join('\r\n'));
  });
  showing.add(() => output.write(control.leave));
  return showing;
}
