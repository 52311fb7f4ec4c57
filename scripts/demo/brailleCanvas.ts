/** The dots of a Braille character, by row and column, as bits. */
const bits = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

/** A character of a picture, and what to style it with. */
export interface Cell<Style> {
  readonly character: string;
  readonly style: Style | undefined;
}

/** A canvas of characters: thin lines are drawn with the dots of Braille, two across and four down in each character. */
export class BrailleCanvas<Style> {
  readonly #columns: number;
  readonly #rows: number;
  readonly #dots = new Map<number, number>();
  readonly #characters = new Map<number, string>();
  readonly #styles = new Map<number, Style>();

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
  }

  /**
   * A line between the middles of two characters. Where lines cross, the last one gives the style.
   *
   * @param gap draws one dot of so many: 1 for all of them
   */
  line([fromX, fromY]: readonly [number, number], [toX, toY]: readonly [number, number], style: Style, gap = 1): void {
    const [x0, y0, x1, y1] = [2 * fromX, 4 * fromY, 2 * toX, 4 * toY];
    const steps = Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0)));
    for (let step = 0; step <= steps; step += gap) {
      const part = steps === 0 ? 0 : step / steps;
      this.#dot(Math.round(x0 + part * (x1 - x0)), Math.round(y0 + part * (y1 - y0)), style);
    }
  }

  /** Text that begins at a character. */
  text([x, y]: readonly [number, number], text: string, style: Style): void {
    Array.from(text).forEach((character, index) => {
      const at = this.#index(x + index, y);
      if (at === undefined) return;
      this.#characters.set(at, character);
      this.#styles.set(at, style);
    });
  }

  /** The picture, line by line. */
  rows(): readonly (readonly Cell<Style>[])[] {
    return Array.from({ length: this.#rows }, (_row, y) =>
      Array.from({ length: this.#columns }, (_column, x) => {
        const at = y * this.#columns + x;
        const dots = this.#dots.get(at);
        const drawn = dots === undefined ? ' ' : String.fromCodePoint(0x2800 + dots);
        return { character: this.#characters.get(at) ?? drawn, style: this.#styles.get(at) };
      }),
    );
  }

  #dot(x: number, y: number, style: Style): void {
    const at = this.#index(Math.floor(x / 2), Math.floor(y / 4));
    const bit = bits[y & 3]?.[x & 1];
    if (at === undefined || bit === undefined) return;
    this.#dots.set(at, (this.#dots.get(at) ?? 0) | bit);
    this.#styles.set(at, style);
  }

  #index(x: number, y: number): number | undefined {
    return x >= 0 && x < this.#columns && y >= 0 && y < this.#rows ? y * this.#columns + x : undefined;
  }
}
