import type { Fact } from './fact.js';
import { picture } from './picture.js';
import { firstScene, newsOf, nextScene } from './scene.js';

/** Shows what happens. Disposing of it shows the end. */
export interface Show extends Disposable {
  tell(fact: Fact): void;
}

/** Where it is shown. */
export interface Screen {
  /** Whether a picture can be drawn again in the place of the one before. */
  readonly isTerminal: boolean;
  readonly columns: number;
  write(text: string): void;
}

/** How often the picture is drawn at most, in milliseconds. */
const drawPeriod = 100;

/** On a terminal a picture that is drawn again and again; elsewhere a line for each thing that happens. */
export const createShow = (screen: Screen): Show => (screen.isTerminal ? drawnShow(screen) : writtenShow(screen));

const writtenShow = (screen: Screen): Show => ({
  tell: (fact) => {
    const line = fact.kind === 'step' ? fact.text : newsOf(fact);
    if (line !== undefined) screen.write(fact.kind === 'step' ? `\n${line}\n` : `  ${line}\n`);
  },
  [Symbol.dispose]: () => {},
});

const drawnShow = (screen: Screen): Show => {
  let scene = firstScene;
  let height = 0;
  let timer: NodeJS.Timeout | undefined;
  const draw = () => {
    timer = undefined;
    const lines = picture(scene, screen.columns - 1);
    // To the first line of the picture before; then each line is cleared to its end, and all below the last one.
    const back = height === 0 ? '' : `\u001b[${height}F`;
    screen.write(`${back}${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`);
    height = lines.length;
  };
  return {
    tell: (fact) => {
      scene = nextScene(scene, fact);
      timer ??= setTimeout(draw, drawPeriod);
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      draw();
    },
  };
};
