/** From values to places between 0 and 1, and where to put marks. */
export interface Scale {
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

/** From 0 to at least `max`, with four to eight marks at round numbers. */
export const linearScale = (max: number): Scale => {
  const rough = (max > 0 ? max : 1) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const count = Math.max(1, Math.ceil((max > 0 ? max : 1) / step - 1e-9));
  const top = count * step;
  return {
    place: (value) => value / top,
    // Multiplied, not added up, so that they stay round.
    ticks: Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12))),
  };
};

/** Logarithmic, from a round number at or below `min` to one at or above `max`; both must be above 0. */
export const logScale = (min: number, max: number): Scale => {
  const decades = Math.log10(max / min);
  const factors = decades > 3 ? [1] : decades > 1.2 ? [1, 3] : [1, 2, 5];
  const candidates: number[] = [];
  for (let power = Math.floor(Math.log10(min)); power <= Math.ceil(Math.log10(max)) + 1; power++) {
    for (const factor of factors) candidates.push(Number((factor * 10 ** power).toPrecision(6)));
  }
  const from = candidates.findLastIndex((tick) => tick <= min * (1 + 1e-9));
  const to = Math.max(
    from + 1,
    candidates.findIndex((tick) => tick >= max * (1 - 1e-9)),
  );
  const ticks = candidates.slice(from, to + 1);
  const [low, high] = [Math.log(ticks[0] ?? 1), Math.log(ticks.at(-1) ?? 10)];
  return { place: (value) => (Math.log(value) - low) / (high - low), ticks };
};
