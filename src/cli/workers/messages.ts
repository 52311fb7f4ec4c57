/** What the process that made a worker tells it. */
export type ToWorker =
  | { readonly kind: 'tailnet:drain' }
  /** The answer to the scrape of this number: the metrics of all workers, or why there are none. */
  | { readonly kind: 'tailnet:metrics'; readonly scrape: number; readonly text?: string; readonly error?: string };

/** What a worker tells the process that made it. */
export type FromWorker =
  | { readonly kind: 'tailnet:listening' }
  /** Somebody asks this worker for metrics. */
  | { readonly kind: 'tailnet:scrape'; readonly scrape: number };

/** Which of the workers a process is, from 1 on, in its environment. A worker that takes the place of another has its number. */
export const slotVariable = 'TAILNET_WORKER';

/** Others send messages over the same channel. */
export function isOurs(message: unknown): message is ToWorker | FromWorker {
  return (
    typeof message === 'object' &&
    message !== null &&
    'kind' in message &&
    typeof message.kind === 'string' &&
    message.kind.startsWith('tailnet:')
  );
}
