import { constants } from 'node:os';
import type { Logger } from 'pino';

/** That somebody wants this process to end. */
export interface ShutdownRequest {
  /** Resolves with the first SIGTERM or SIGINT. The second one ends the process at once. */
  readonly received: Promise<NodeJS.Signals>;
  isReceived(): boolean;
  /** Stops listening for signals. */
  dispose(): void;
}

/** Listens for SIGTERM and SIGINT. */
export function shutdownRequest(logger: Logger): ShutdownRequest {
  const signals = ['SIGTERM', 'SIGINT'] as const;
  let first: NodeJS.Signals | undefined;
  let resolve: (signal: NodeJS.Signals) => void;
  const received = new Promise<NodeJS.Signals>((settle) => (resolve = settle));
  const listener = (signal: NodeJS.Signals) => {
    if (first !== undefined) {
      logger.warn({ signal }, 'ending at once');
      process.exit(128 + constants.signals[signal]);
    }
    first = signal;
    logger.info({ signal }, 'draining');
    resolve(signal);
  };
  for (const signal of signals) process.on(signal, listener);
  return {
    received,
    isReceived: () => first !== undefined,
    dispose: () => {
      for (const signal of signals) process.off(signal, listener);
    },
  };
}
