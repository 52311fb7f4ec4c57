/** That somebody wants the demo to end. */
export interface StopRequest {
  readonly signal: AbortSignal;
  /** Listens no more, and leaves the terminal as it was. */
  dispose(): void;
}

/** Listens for q and Ctrl-C, and for what other programs end this one with. */
export function stopRequest({ stdin }: Pick<NodeJS.Process, 'stdin'> = process): StopRequest {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  // Key by key, and not shown; then Ctrl-C is a key, too.
  const onKeys = (keys: Buffer): void => {
    if (['q', 'Q', '\u0003'].some((key) => keys.includes(key))) stop();
  };
  const isTerminal = stdin.isTTY;
  if (isTerminal) stdin.setRawMode(true).on('data', onKeys);
  return {
    signal: controller.signal,
    dispose: () => {
      for (const signal of signals) process.off(signal, stop);
      if (isTerminal) stdin.off('data', onKeys).setRawMode(false).pause();
    },
  };
}
